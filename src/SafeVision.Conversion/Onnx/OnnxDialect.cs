namespace SafeVision.Conversion.Onnx;

/// <summary>Which operators a graph may use, and the version of the file that says so.</summary>
/// <param name="IntermediateRepresentation">The version of the file format.</param>
/// <param name="OperatorSet">The version of the standard operators.</param>
/// <param name="HasRuntimeOperators">Whether the operators of <see cref="RuntimeDomain"/> are used too.</param>
internal sealed record OnnxDialect(int IntermediateRepresentation, int OperatorSet, bool HasRuntimeOperators)
{
    /// <summary>The domain of the operators that ONNX Runtime adds (its docs/ContribOperators.md).</summary>
    public const string RuntimeDomain = "com.microsoft";

    /// <summary>Standard operators; 17 brought LayerNormalization.</summary>
    public static OnnxDialect Standard { get; } = new(8, 17, HasRuntimeOperators: false);

    /// <summary>Standard operators together with the fused ones of ONNX Runtime.</summary>
    public static OnnxDialect Runtime { get; } = new(10, 21, HasRuntimeOperators: true);
}
