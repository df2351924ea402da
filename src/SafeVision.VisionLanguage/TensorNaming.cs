using System.Globalization;

namespace SafeVision.VisionLanguage;

/// <summary>By which names graphs of a layout know their tensors; the defaults are those of both published layouts.</summary>
internal sealed record TensorNaming
{
    public string PixelValues { get; init; } = "pixel_values";

    public string ImageFeatures { get; init; } = "image_features";

    /// <summary>Names of other inputs of the vision tower: usual name → the graph's name.</summary>
    public IReadOnlyDictionary<string, string> VisionInputs { get; init; } = new Dictionary<string, string>();

    public string InputIds { get; init; } = "input_ids";

    /// <summary>The embedding graph's image features, where it puts them in itself.</summary>
    public string EmbeddingImageFeatures { get; init; } = "image_features";

    /// <summary>The embedding graph's output.</summary>
    public string Embedded { get; init; } = "inputs_embeds";

    /// <summary>The decoder's input.</summary>
    public string Embeddings { get; init; } = "inputs_embeds";

    public string Mask { get; init; } = "attention_mask";

    public string Positions { get; init; } = "position_ids";

    public string KeepLogits { get; init; } = "num_logits_to_keep";

    public string UseCacheBranch { get; init; } = "use_cache_branch";

    public string Logits { get; init; } = "logits";

    /// <summary>Patterns in which %d stands for the layer.</summary>
    public string PastKey { get; init; } = "past_key_values.%d.key";

    public string PastValue { get; init; } = "past_key_values.%d.value";

    public string PresentKey { get; init; } = "present.%d.key";

    public string PresentValue { get; init; } = "present.%d.value";

    /// <summary>A layer's name by a pattern.</summary>
    public static string Layer(string pattern, int layer) =>
        pattern.Replace("%d", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>The layer that a name stands for by a pattern; null where it does not follow it.</summary>
    public static int? LayerOf(string pattern, string name)
    {
        int mark = pattern.IndexOf("%d", StringComparison.Ordinal);
        (string before, string after) = (pattern[..mark], pattern[(mark + 2)..]);
        return name.Length > before.Length + after.Length
            && name.StartsWith(before, StringComparison.Ordinal) && name.EndsWith(after, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(before.Length, name.Length - before.Length - after.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
                ? layer
                : null;
    }
}
