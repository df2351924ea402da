using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Tests.Checkpoints;
using SafeVision.Conversion.Verification;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Language models of sizes that no fixture has, drawn from a seed: windows, bounds, kinds of layers, shared heads, memories.</summary>
public sealed class RandomDecodersTests
{
    private const int Tokens = 9;

    [Fact]
    public void Gemma_3_of_any_shape_agrees_with_the_plain_computation_in_both_forms_of_attention() => Sample("gemma3", random =>
    {
        (int hidden, int inner, int keys, int size) = (random.Next(2, 12) * 4, random.Next(9, 60), random.Next(1, 3), OneOf(random, 6, 8, 16, 20, 24));
        int heads = keys * random.Next(1, 4), layers = random.Next(1, 5), vocabulary = random.Next(17, 90);
        JsonObject text = Sizes(hidden, inner, layers, heads, keys, size, vocabulary, new JsonObject
        {
            ["model_type"] = "gemma3_text",
            ["query_pre_attn_scalar"] = random.Next(3, 40),
            ["sliding_window"] = random.Next(1, Tokens + 2),
            ["sliding_window_pattern"] = random.Next(1, 4),
            ["rope_theta"] = OneOf(random, 1e4, 1e6),
            ["rope_local_base_freq"] = OneOf(random, 1e3, 1e4),
            ["rope_scaling"] = OneOf(random, null, new JsonObject { ["rope_type"] = "linear", ["factor"] = 8.0 }),
            ["attn_logit_softcapping"] = OneOf<double?>(random, null, 2.5),
            ["final_logit_softcapping"] = OneOf<double?>(random, null, 3.5),
            ["attention_bias"] = OneOf(random, true, false),
            ["hidden_activation"] = OneOf(random, "gelu_pytorch_tanh", "gelu"),
            ["tie_word_embeddings"] = OneOf(random, true, false),
            ["max_position_embeddings"] = 256,
        });
        var tensors = new Tensors(random, vocabulary, hidden);
        for (int i = 0; i < layers; i++)
        {
            tensors.Norms($"layers.{i}", hidden, "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm");
            tensors.Norms($"layers.{i}.self_attn", size, "q_norm", "k_norm");
            tensors.Attention($"layers.{i}.self_attn", hidden, heads * size, keys * size, (bool)text["attention_bias"]!);
            tensors.Mlp($"layers.{i}.mlp", hidden, inner);
        }

        return (text, tensors);
    });

    [Fact]
    public void Qwen3_5_of_any_shape_agrees_with_the_plain_computation_in_both_forms_of_attention() => Sample("qwen3_5", random =>
    {
        (int hidden, int inner, int keys, int turned) = (random.Next(2, 12) * 4, random.Next(9, 60), random.Next(1, 3), random.Next(3, 6) * 2);
        (int heads, int size, int layers, int vocabulary) = (keys * random.Next(1, 4), turned * random.Next(1, 3), random.Next(1, 5), random.Next(17, 90));
        (int keyHeads, int keySize, int valueSize, int taps) = (random.Next(1, 4), random.Next(2, 20), random.Next(2, 20), random.Next(2, 6));
        int valueHeads = keyHeads * random.Next(1, 4), attending = random.Next(layers), row = turned / 6;
        JsonObject text = Sizes(hidden, inner, layers, heads, keys, size, vocabulary, new JsonObject
        {
            ["model_type"] = "qwen3_5_text",
            ["layer_types"] = new JsonArray([.. Enumerable.Range(0, layers).Select(i => (JsonNode)(i == attending || random.Next(3) == 0 ? "full_attention" : "linear_attention"))]),
            ["linear_num_key_heads"] = keyHeads,
            ["linear_num_value_heads"] = valueHeads,
            ["linear_key_head_dim"] = keySize,
            ["linear_value_head_dim"] = valueSize,
            ["linear_conv_kernel_dim"] = taps,
            ["rope_parameters"] = new JsonObject { ["rope_theta"] = 1e6, ["partial_rotary_factor"] = (double)turned / size, ["mrope_section"] = new JsonArray((turned / 2) - (2 * row), row, row) },
            ["tie_word_embeddings"] = OneOf(random, true, false),
        });
        var tensors = new Tensors(random, vocabulary, hidden);
        int channels = (2 * keyHeads * keySize) + (valueHeads * valueSize);
        for (int i = 0; i < layers; i++)
        {
            string name = $"layers.{i}", memory = $"{name}.linear_attn";
            tensors.Norms(name, hidden, "input_layernorm", "post_attention_layernorm");
            tensors.Mlp($"{name}.mlp", hidden, inner);
            if ((string)text["layer_types"]![i]! == "full_attention")
            {
                tensors.Norms($"{name}.self_attn", size, "q_norm", "k_norm");
                tensors.Attention($"{name}.self_attn", hidden, 2 * heads * size, keys * size, hasBias: false, output: heads * size);
                continue;
            }

            tensors.Linear($"{memory}.in_proj_qkv", channels, hidden);
            tensors.Linear($"{memory}.in_proj_z", valueHeads * valueSize, hidden);
            tensors.Linear($"{memory}.in_proj_a", valueHeads, hidden);
            tensors.Linear($"{memory}.in_proj_b", valueHeads, hidden);
            tensors.Linear($"{memory}.out_proj", hidden, valueHeads * valueSize);
            tensors.Add($"{memory}.conv1d.weight", 0.8, channels, 1, taps);
            tensors.Add($"{memory}.dt_bias", 1, valueHeads);
            tensors.Add($"{memory}.A_log", 1, valueHeads);
            tensors.Norms(memory, valueSize, "norm");
        }

        return (text, tensors);
    });

    private static JsonObject Sizes(int hidden, int inner, int layers, int heads, int keys, int size, int vocabulary, JsonObject config)
    {
        (config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"], config["vocab_size"]) = (hidden, inner, layers, vocabulary);
        (config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"]) = (heads, keys, size);
        return config;
    }

    private static void Sample(string type, Func<Random, (JsonObject Text, Tensors Tensors)> draw) => Gen.Int[0, int.MaxValue].Sample(
        seed =>
        {
            using var folder = new TemporaryFolder();
            (JsonObject text, Tensors tensors) = draw(new Random(seed));
            File.WriteAllBytes(folder.PathOf("model.safetensors"), SafetensorsBytes.Create(tensors.All));
            File.WriteAllText(folder.PathOf("config.json"), text.ToJsonString());
            using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.PathOf("."));
            TextDecoder decoder = TextDecoders.Read(checkpoint, VisionLanguageFamily.Find(type)!.ReadText(CheckpointFile.ReadObject(folder.PathOf("config.json"))));
            float[] embeddings = VisionInput.Noise((ulong)seed, Tokens, decoder.Shape.Hidden).Numbers;
            int image = decoder.Shape.SeesWholeImages ? 1 + (seed % (Tokens - 2)) : 0;
            float[] expected = ReferenceDecoder.Logits(decoder, ReferenceDecoder.Run(decoder, embeddings, decoder.Layers.Count, () => { }, CancellationToken.None, image));
            foreach (AttentionStyle style in Enum.GetValues<AttentionStyle>())
            {
                var graph = new WrittenGraph(folder.PathOf($"{style}.onnx"), DecoderGraph.Write(decoder, new Float32Form(), style));
                OnnxFile.Write(graph.Path, graph.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
                using var probe = new DecoderProbe(decoder.Shape, embeddings, image);
                (float[] prefill, float[] step) = probe.ReadAndStep(graph, CancellationToken.None);
                Numbers.Close(expected, [.. prefill, .. step], 1e-4f * Math.Max(1, expected.Max(Math.Abs)));
            }
        },
        iter: 12,
        threads: 1);

    private static T OneOf<T>(Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>Random tensors by name.</summary>
    private sealed class Tensors
    {
        private readonly Random _random;

        public Tensors(Random random, int vocabulary, int hidden)
        {
            _random = random;
            Add("embed_tokens.weight", 0.5, vocabulary, hidden);
            Add("norm.weight", 0.3, hidden);
            Add("lm_head.weight", 0.5, vocabulary, hidden);
        }

        public List<(string Name, int[] Shape, float[] Values)> All { get; } = [];

        public void Add(string name, double scale, params int[] shape) => All.Add(
            (name == "lm_head.weight" ? name : $"model.language_model.{name}", shape, [.. Enumerable.Range(0, shape.Aggregate(1, (product, size) => product * size)).Select(_ => (float)(((_random.NextDouble() * 2) - 1) * scale))]));

        public void Linear(string name, int output, int input, bool hasBias = false)
        {
            Add($"{name}.weight", 2 / Math.Sqrt(input), output, input);
            if (hasBias)
            {
                Add($"{name}.bias", 0.3, output);
            }
        }

        public void Norms(string name, int size, params string[] parts) => Array.ForEach(parts, part => Add($"{name}.{part}.weight", 0.5, size));

        public void Attention(string name, int hidden, int queries, int keys, bool hasBias, int? output = null)
        {
            Linear($"{name}.q_proj", queries, hidden, hasBias);
            Linear($"{name}.k_proj", keys, hidden, hasBias);
            Linear($"{name}.v_proj", keys, hidden, hasBias);
            Linear($"{name}.o_proj", hidden, output ?? queries, hasBias);
        }

        public void Mlp(string name, int hidden, int inner)
        {
            Linear($"{name}.gate_proj", inner, hidden);
            Linear($"{name}.up_proj", inner, hidden);
            Linear($"{name}.down_proj", hidden, inner);
        }
    }
}
