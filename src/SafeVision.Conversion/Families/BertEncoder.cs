using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;
using SafeVision.Models;

namespace SafeVision.Conversion.Families;

/// <summary>
/// BERT as a sentence encoder (Devlin et al., arXiv 1810.04805; Reimers and Gurevych, arXiv 1908.10084): safetensors in
/// the Hugging Face layout. Matrices are rounded to 8 bits by row, but for the one that narrows each feed-forward part: of
/// all-MiniLM-L6-v2, rounding that too moves cosines by up to 0.016, leaving it as stored by up to 0.007.
/// </summary>
internal sealed class BertEncoder : INetworkFamily
{
    private const string Vocabulary = "vocab.txt";
    private const int LargestVocabulary = 64 << 20;
    private const int SentenceTokens = 256; // what sentence encoders are trained with; longer texts are cut

    public string Name => "bert-encoder";

    public bool Recognizes(string folder) => CheckpointJson.ConfigText(folder, "model_type") == "bert";

    public FamilyModel Read(string folder, ConversionRecipe recipe)
    {
        string path = Path.Combine(folder, "config.json"), vocabulary = Path.Combine(folder, Vocabulary);
        if (!File.Exists(vocabulary))
        {
            throw new CheckpointException($"{folder}: the word pieces are missing: {Vocabulary}.");
        }

        using JsonDocument config = CheckpointJson.Read(path);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        try
        {
            var body = new Body(checkpoint, config.RootElement, path);
            CheckpointFile.Check(vocabulary, LargestVocabulary);
            if (File.ReadLines(vocabulary).Skip(body.Words).Any())
            {
                throw new CheckpointException($"{vocabulary}: has more word pieces than config.json says there are vectors ({body.Words}).");
            }

            return new FamilyModel
            {
                Kind = "textEncoder",
                Network = body.Build(),
                Outputs = new Dictionary<string, string> { ["embeddings"] = "embeddings" },
                Tokenizer = new ModelTokenizer("bertWordPiece", Vocabulary, IsLowerCase(folder), Math.Min(SentenceTokens, body.MostTokens)),
                Companions = new Dictionary<string, string> { [Vocabulary] = vocabulary },
                SourceFiles = [path, .. checkpoint.Paths, vocabulary],
                Checkpoint = checkpoint,
            };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static bool IsLowerCase(string folder)
    {
        string path = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path))
        {
            return true;
        }

        using JsonDocument config = CheckpointJson.Read(path);
        return config.RootElement.ValueKind != JsonValueKind.Object
            || !config.RootElement.TryGetProperty("do_lower_case", out JsonElement flag)
            || flag.ValueKind != JsonValueKind.False;
    }

    /// <summary>The network, read from top to bottom.</summary>
    private sealed class Body(SafetensorsCheckpoint checkpoint, JsonElement config, string path)
    {
        private readonly int _hidden = CheckpointJson.Integer(config, "hidden_size", 1, 16384, path);
        private readonly int _heads = CheckpointJson.Integer(config, "num_attention_heads", 1, 256, path);
        private readonly int _intermediate = CheckpointJson.Integer(config, "intermediate_size", 1, 65536, path);
        private readonly double _epsilon = CheckpointJson.Number(config, "layer_norm_eps", path);

        public int Words { get; } = CheckpointJson.Integer(config, "vocab_size", 1, 10_000_000, path);

        public int MostTokens { get; } = CheckpointJson.Integer(config, "max_position_embeddings", 3, 65536, path);

        public Network Build()
        {
            if (CheckpointJson.Text(config, "hidden_act", path) != "gelu")
            {
                throw new CheckpointException($"{path}: hidden_act is '{CheckpointJson.Text(config, "hidden_act", path)}'; only gelu is known here.");
            }

            TokenInput ids = new("input_ids"), mask = new("attention_mask");
            StoredTensor words = Get("embeddings.word_embeddings.weight", Words, _hidden);
            StoredTensor positions = Get("embeddings.position_embeddings.weight", MostTokens, _hidden);
            StoredTensor types = Get("embeddings.token_type_embeddings.weight", CheckpointJson.Integer(config, "type_vocab_size", 1, 1024, path), _hidden);

            Layer x = new Embedding("embeddings.words", ids, RowQuantization.Round(words));
            x = new Sum("embeddings.sum", x, new Positions("embeddings.positions", ids, positions, types));
            x = Normalize(x, "embeddings.LayerNorm");
            int layers = CheckpointJson.Integer(config, "num_hidden_layers", 1, 256, path);
            for (int layer = 0; layer < layers; layer++)
            {
                x = Block(x, mask, $"encoder.layer.{layer}");
            }

            return new Network(
                new Dictionary<string, Layer> { ["input_ids"] = ids, ["attention_mask"] = mask },
                new Dictionary<string, Layer> { ["embeddings"] = new SentenceVector("pooling", x, mask) });
        }

        private LayerNormalization Block(Layer x, TokenInput mask, string name)
        {
            Layer query = Connect(x, $"{name}.attention.self.query", _hidden);
            Layer key = Connect(x, $"{name}.attention.self.key", _hidden);
            Layer value = Connect(x, $"{name}.attention.self.value", _hidden);
            Layer mixed = Connect(new Attention($"{name}.attention", query, key, value, mask, _heads), $"{name}.attention.output.dense", _hidden);
            Layer attended = Normalize(new Sum($"{name}.attention.output.sum", mixed, x), $"{name}.attention.output.LayerNorm");

            Layer wide = new Gelu($"{name}.intermediate.gelu", Connect(attended, $"{name}.intermediate.dense", _intermediate));
            Layer narrow = new Dense(
                $"{name}.output.dense", wide, Get($"{name}.output.dense.weight", _hidden, _intermediate), Get($"{name}.output.dense.bias", _hidden));
            return Normalize(new Sum($"{name}.output.sum", narrow, attended), $"{name}.output.LayerNorm");
        }

        private Dense Connect(Layer x, string name, int features) =>
            new(name, x, RowQuantization.Round(Get($"{name}.weight", features, x.Features)), Get($"{name}.bias", features));

        private LayerNormalization Normalize(Layer x, string name) =>
            new(name, x, Get($"{name}.weight", _hidden), Get($"{name}.bias", _hidden), _epsilon);

        /// <summary>Checkpoints of a model with a head put "bert." before every name.</summary>
        private StoredTensor Get(string name, params int[] shape) =>
            checkpoint.Get(checkpoint.Tensors.ContainsKey($"bert.{name}") ? $"bert.{name}" : name, shape);
    }
}
