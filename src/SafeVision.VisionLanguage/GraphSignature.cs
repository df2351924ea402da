using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Inference;

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

    /// <summary>The file's path, for errors.</summary>
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
