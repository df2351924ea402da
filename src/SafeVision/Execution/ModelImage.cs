using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Execution;

/// <summary>A model's bytes, verified, and how to tell whether a provider computes it rightly.</summary>
internal sealed record ModelImage
{
    /// <summary>For errors and provenance.</summary>
    public required string Name { get; init; }

    /// <summary>The hash of the file, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The file, when the model has one: ONNX Runtime maps it and finds external data beside it.</summary>
    public string? Path { get; init; }

    /// <summary>The bytes, when the model is embedded.</summary>
    public Func<byte[]>? Bytes { get; init; }

    /// <summary>Runs the golden inputs and returns all outputs, one after the other; null when the model has none.</summary>
    public Func<InferenceSession, float[]>? Probe { get; init; }
}
