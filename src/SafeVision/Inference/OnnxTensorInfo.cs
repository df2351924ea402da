using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">What its elements are; ONNX and ONNX Runtime number them alike.</param>
/// <param name="Dimensions">The sizes, -1 where the graph leaves one open; empty for a scalar, and where the graph says nothing.</param>
public sealed record OnnxTensorInfo(string Name, TensorElementType Type, IReadOnlyList<long> Dimensions)
{
    /// <summary>Such as <c>Float [-1, 3, 448, 448]</c>, for errors.</summary>
    public string Form => $"{Type} [{string.Join(", ", Dimensions)}]";
}
