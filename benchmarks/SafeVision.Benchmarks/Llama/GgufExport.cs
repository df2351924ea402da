using System.Globalization;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Benchmarks.Llama;

/// <summary>
/// Writes a checkpoint's language model as llama.cpp runs it: in float16, for its own quantiser to go on with, or layers in Q4_0,
/// embeddings and head in Q8_0, which is what that makes of Qwen2's 0.5B. The vocabulary is made up, for only ids are asked.
/// </summary>
internal static class GgufExport
{
    public static void Write(string checkpoint, string path, bool half, TextWriter output)
    {
        if (ModelFamilies.Find(checkpoint, null) is not FamilyNetwork family)
        {
            throw new NotSupportedException($"{checkpoint} is no vision-language model.");
        }

        using VisionLanguageModel model = family.Read(checkpoint, null);
        TextDecoder text = model.Text;
        DecoderLayer first = text.Layers[0];
        if (first.QueryNorm is not null || first.Query.Bias is null || first.Output.Bias is not null)
        {
            throw new NotSupportedException($"{checkpoint}: only the layers of Qwen2 are written here.");
        }

        var clock = Stopclock.Start();
        var file = new GgufFile();
        Describe(file, text, half);
        Fill(file, text, half);
        file.Write(path);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {new FileInfo(path).Length / 1e6:0} MB, {clock.Stop().Wall / 1000:0.0} s"));
    }

    private static void Describe(GgufFile file, TextDecoder text, bool half)
    {
        DecoderShape shape = text.Shape;
        file.Set("general.architecture", "qwen2");
        file.Set("general.name", "random");
        file.Set("general.file_type", half ? 1 : 2); // mostly float16, mostly Q4_0
        file.Set("general.quantization_version", 2);
        file.Set("qwen2.block_count", text.Layers.Count);
        file.Set("qwen2.context_length", shape.Rotary.Rows);
        file.Set("qwen2.embedding_length", shape.Hidden);
        file.Set("qwen2.feed_forward_length", shape.Intermediate);
        file.Set("qwen2.attention.head_count", shape.Heads);
        file.Set("qwen2.attention.head_count_kv", shape.KeyValueHeads);
        file.Set("qwen2.attention.layer_norm_rms_epsilon", (float)text.Norm.Epsilon);
        file.Set("qwen2.rope.freq_base", (float)Math.Round(Math.Pow(shape.Rotary.Frequencies[1], shape.HeadSize / -2.0)));

        // A sentencepiece vocabulary: unknown, begin, end, a token for each byte, and fillers.
        string[] tokens = [.. Enumerable.Range(0, shape.Vocabulary).Select(Token)];
        file.Set("tokenizer.ggml.model", "llama");
        file.Set("tokenizer.ggml.tokens", tokens);
        file.Set("tokenizer.ggml.scores", new float[tokens.Length]);
        file.Set("tokenizer.ggml.token_type", [.. Enumerable.Range(0, tokens.Length).Select(id => id switch { 0 => 2, 1 or 2 => 3, < 259 => 6, _ => 1 })]);
        file.Set("tokenizer.ggml.bos_token_id", 1);
        file.Set("tokenizer.ggml.eos_token_id", 2);
        file.Set("tokenizer.ggml.unknown_token_id", 0);
        file.Set("tokenizer.ggml.add_bos_token", false);
    }

    private static string Token(int id) => id switch
    {
        0 => "<unk>",
        1 => "<s>",
        2 => "</s>",
        < 259 => $"<0x{id - 3:X2}>",
        _ => $"filler{id}",
    };

    private static void Fill(GgufFile file, TextDecoder text, bool half)
    {
        (GgufType layers, GgufType tables) = half ? (GgufType.Half, GgufType.Half) : (GgufType.Q4, GgufType.Q8);
        file.Add(GgufWeights.Matrix("token_embd.weight", text.Embedding, tables));
        if (!ReferenceEquals(text.Head.Weight, text.Embedding))
        {
            file.Add(GgufWeights.Matrix("output.weight", text.Head.Weight, tables));
        }

        file.Add(GgufWeights.Vector("output_norm.weight", text.Norm.Weight));
        for (int i = 0; i < text.Layers.Count; i++)
        {
            DecoderLayer layer = text.Layers[i];
            string name = $"blk.{i}.";
            file.Add(GgufWeights.Vector($"{name}attn_norm.weight", layer.AttentionNorm.Weight));
            file.Add(GgufWeights.Vector($"{name}ffn_norm.weight", layer.MlpNorm.Weight));
            (string Part, Projection Projection)[] parts =
            [
                ("attn_q", layer.Query), ("attn_k", layer.Key), ("attn_v", layer.Value), ("attn_output", layer.Output),
                ("ffn_gate", layer.Gate), ("ffn_up", layer.Up), ("ffn_down", layer.Down),
            ];
            foreach ((string part, Projection projection) in parts)
            {
                file.Add(GgufWeights.Matrix($"{name}{part}.weight", projection.Weight, layers));
                if (projection.Bias is not null)
                {
                    file.Add(GgufWeights.Vector($"{name}{part}.bias", projection.Bias));
                }
            }
        }
    }
}
