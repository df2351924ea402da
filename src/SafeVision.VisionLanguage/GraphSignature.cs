using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage;

/// <summary>A graph's inputs and outputs: as its file states them, or, once it is loaded, as ONNX Runtime inferred them.</summary>
internal sealed class GraphSignature
{
    private readonly Dictionary<string, OnnxTensorInfo> _inputs;
    private readonly Dictionary<string, OnnxTensorInfo> _outputs;

    private GraphSignature(string file, IEnumerable<OnnxTensorInfo> inputs, IEnumerable<OnnxTensorInfo> outputs)
    {
        File = file;
        _inputs = inputs.DistinctBy(tensor => tensor.Name).ToDictionary(tensor => tensor.Name);
        _outputs = outputs.DistinctBy(tensor => tensor.Name).ToDictionary(tensor => tensor.Name);
    }

    public string File { get; }

    public IReadOnlyDictionary<string, OnnxTensorInfo> Inputs => _inputs;

    public IReadOnlyDictionary<string, OnnxTensorInfo> Outputs => _outputs;

    public static GraphSignature Of(OnnxFile file) => new(file.Path, file.Header.Inputs, file.Header.Outputs);

    public static GraphSignature Of(OnnxFile file, ModelSession session) =>
        new(file.Path, Tensors(session.Session.InputMetadata), Tensors(session.Session.OutputMetadata));

    /// <summary>An input that must be there, by its name or, where <paramref name="orOnly"/> says so, as the only one.</summary>
    /// <exception cref="ModelLoadException">It is missing.</exception>
    public OnnxTensorInfo Input(string name, bool orOnly = false) => Find("input", name, _inputs, orOnly);

    /// <summary>An output that must be there, likewise.</summary>
    /// <exception cref="ModelLoadException">It is missing.</exception>
    public OnnxTensorInfo Output(string name, bool orOnly = false) => Find("output", name, _outputs, orOnly);

    /// <summary>Checks that a tensor holds 32-bit or 16-bit floats and, where its shape is known, has one of these ranks.</summary>
    public OnnxTensorInfo RequireFloats(OnnxTensorInfo tensor, params ReadOnlySpan<int> ranks)
    {
        if (tensor.Type is not (TensorElementType.Float or TensorElementType.Float16))
        {
            throw Wrong(tensor, "must hold 32-bit or 16-bit floats; convert it to one of these");
        }

        return RequireRank(tensor, ranks);
    }

    /// <summary>Checks a tensor's element type and, where its shape is known, its rank.</summary>
    public OnnxTensorInfo Require(OnnxTensorInfo tensor, TensorElementType type, params ReadOnlySpan<int> ranks) =>
        tensor.Type == type ? RequireRank(tensor, ranks) : throw Wrong(tensor, $"must hold {type}");

    public ModelLoadException Wrong(OnnxTensorInfo tensor, string must) => new($"{File}: '{tensor.Name}' is {tensor.Form}, but {must}.");

    private OnnxTensorInfo RequireRank(OnnxTensorInfo tensor, ReadOnlySpan<int> ranks) =>
        tensor.Dimensions.Count == 0 || ranks.Contains(tensor.Dimensions.Count)
            ? tensor
            : throw Wrong(tensor, $"must have {string.Join(" or ", ranks.ToArray())} dimensions");

    private OnnxTensorInfo Find(string kind, string name, Dictionary<string, OnnxTensorInfo> tensors, bool orOnly) =>
        tensors.TryGetValue(name, out OnnxTensorInfo? tensor) ? tensor
        : orOnly && tensors.Count == 1 ? tensors.Values.First()
        : throw new ModelLoadException($"{File}: the {kind} '{name}' is missing; the graph has {Names(tensors)}. The file is another graph than its name says, or an export of another kind.");

    /// <summary>The names, as far as a message can hold them.</summary>
    private static string Names(Dictionary<string, OnnxTensorInfo> tensors) =>
        tensors.Count == 0 ? "none" : string.Join(", ", tensors.Keys.Take(8)) + (tensors.Count > 8 ? $" and {tensors.Count - 8} more" : "");

    private static IEnumerable<OnnxTensorInfo> Tensors(IReadOnlyDictionary<string, NodeMetadata> metadata) =>
        metadata.Select(tensor => tensor.Value.IsTensor
            ? new OnnxTensorInfo(tensor.Key, tensor.Value.ElementDataType, [.. tensor.Value.Dimensions.Select(size => (long)size)])
            : new OnnxTensorInfo(tensor.Key, 0, []));
}

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

    /// <summary>The last token that each one sees, in graphs in which an image's tokens see each other.</summary>
    public string VisibleUntil { get; init; } = "visible_until";

    public string KeepLogits { get; init; } = "num_logits_to_keep";
    public string UseCacheBranch { get; init; } = "use_cache_branch";
    public string Logits { get; init; } = "logits";

    /// <summary>Patterns in which %d stands for the layer.</summary>
    public string PastKey { get; init; } = "past_key_values.%d.key";

    public string PastValue { get; init; } = "past_key_values.%d.value";
    public string PresentKey { get; init; } = "present.%d.key";
    public string PresentValue { get; init; } = "present.%d.value";

    /// <summary>What a memory of fixed size holds in place of keys and values: the last inputs of its convolution, and the memory itself.</summary>
    public IReadOnlyList<(string Past, string Present)> States { get; init; } =
        [("past_key_values.%d.conv_state", "present.%d.conv_state"), ("past_key_values.%d.recurrent_state", "present.%d.recurrent_state")];

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
