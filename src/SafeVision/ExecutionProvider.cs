namespace SafeVision;

/// <summary>Where a model's arithmetic runs. The three well-known ones are <see cref="Cpu"/>, <see cref="Cuda"/> and
/// <see cref="DirectML"/>; any other provider that the referenced ONNX Runtime brings can be named too.</summary>
/// <param name="Name">The short name that users write: <c>cpu</c>, <c>cuda</c>, <c>directml</c>.</param>
/// <param name="RuntimeName">The name ONNX Runtime knows it by, such as <c>CUDAExecutionProvider</c>.</param>
/// <param name="Package">The package whose native library brings it; named in errors.</param>
public sealed record ExecutionProvider(string Name, string RuntimeName, string Package)
{
    /// <summary>The processor. Always there.</summary>
    public static ExecutionProvider Cpu { get; } = new("cpu", "CPUExecutionProvider", "SafeVision.Cpu");

    /// <summary>An NVIDIA GPU, through CUDA.</summary>
    public static ExecutionProvider Cuda { get; } = new("cuda", "CUDAExecutionProvider", "SafeVision.Cuda");

    /// <summary>Any DirectX 12 GPU, on Windows.</summary>
    public static ExecutionProvider DirectML { get; } = new("directml", "DmlExecutionProvider", "SafeVision.DirectML");

    /// <inheritdoc />
    public override string ToString() => Name;
}
