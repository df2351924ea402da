using System.Text.Json.Nodes;

namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>The sizes of a published vision-language model, of which a random twin can be made.</summary>
/// <param name="Name">The name on the command line.</param>
/// <param name="Family">The folder of the small configuration and tokenizer that its own are made from.</param>
/// <param name="FirstUnused">The first id behind every token of that tokenizer, the added ones too.</param>
/// <param name="Vision">The vision tower.</param>
/// <param name="Text">The language model.</param>
internal sealed record CheckpointShape(string Name, string Family, int FirstUnused, VisionShape Vision, TextShape Text)
{
    private static readonly VisionShape s_internViT300M = new(Layers: 24, Width: 1024, Heads: 16, FeedForward: 4096, ImageSize: 448, PatchSize: 14);
    private static readonly TextShape s_qwen2Small = new(Layers: 24, Width: 896, Heads: 14, KeyValueHeads: 2, FeedForward: 4864, Vocabulary: 151674);

    public static IReadOnlyList<CheckpointShape> All { get; } =
    [
        new("internvl2.5-1b", "internvl", 635, s_internViT300M, s_qwen2Small),
        new(
            "internvl3-8b", "internvl", 635, s_internViT300M,
            new(Layers: 28, Width: 3584, Heads: 28, KeyValueHeads: 4, FeedForward: 18944, Vocabulary: 151674) { IsTied = false }),
        new(
            "smolvlm-256m", "smolvlm", 532,
            new(Layers: 12, Width: 768, Heads: 12, FeedForward: 3072, ImageSize: 512, PatchSize: 16),
            new(Layers: 30, Width: 576, Heads: 9, KeyValueHeads: 3, FeedForward: 1536, Vocabulary: 49280)),
        new(
            "tiny", "internvl", 635,
            new(Layers: 2, Width: 64, Heads: 4, FeedForward: 128, ImageSize: 56, PatchSize: 14),
            new(Layers: 2, Width: 64, Heads: 4, KeyValueHeads: 2, FeedForward: 128, Vocabulary: 640)),
    ];

    /// <summary>Every tensor of the checkpoint, named and shaped as published.</summary>
    public IEnumerable<RandomTensor> Tensors() => Family == "internvl" ? InternVLTensors.Of(this) : SmolVLMTensors.Of(this);

    /// <summary>Turns the small model's configuration into that of this shape.</summary>
    public void Configure(JsonObject config)
    {
        JsonObject vision = config["vision_config"]!.AsObject();
        JsonObject text = (config["llm_config"] ?? config["text_config"])!.AsObject();
        vision["num_hidden_layers"] = Vision.Layers;
        vision["hidden_size"] = Vision.Width;
        vision["num_attention_heads"] = Vision.Heads;
        vision["intermediate_size"] = Vision.FeedForward;
        vision["image_size"] = Vision.ImageSize;
        vision["patch_size"] = Vision.PatchSize;
        text["num_hidden_layers"] = Text.Layers;
        text["hidden_size"] = Text.Width;
        text["num_attention_heads"] = Text.Heads;
        text["num_key_value_heads"] = Text.KeyValueHeads;
        text["intermediate_size"] = Text.FeedForward;
        text["vocab_size"] = Text.Vocabulary;
        text["max_position_embeddings"] = 8192;
        text["tie_word_embeddings"] = Text.IsTied;
        if (Family == "internvl")
        {
            config["force_image_size"] = Vision.ImageSize;
            vision["norm_type"] = "layer_norm"; // the small fixture is of the 6B kind
            vision["qk_normalization"] = false;
            vision["qkv_bias"] = true;
            return;
        }

        config["tie_word_embeddings"] = true;
        config["scale_factor"] = SmolVLMTensors.ShuffleFactor;
        text["head_dim"] = Text.Width / Text.Heads;
    }

    /// <summary>Turns the small model's preprocessing into that of this shape.</summary>
    public void ConfigurePreprocessing(JsonObject preprocessor)
    {
        if (Family == "internvl")
        {
            preprocessor["crop_size"] = Vision.ImageSize;
            preprocessor["size"] = Vision.ImageSize;
            return;
        }

        preprocessor["max_image_size"]!["longest_edge"] = Vision.ImageSize;
        preprocessor["size"]!["longest_edge"] = 4 * Vision.ImageSize;
    }
}
