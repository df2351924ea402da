namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>What a family read from a checkpoint: the three parts that become graphs.</summary>
internal sealed class VisionLanguageModel : IDisposable
{
    /// <summary>From pixels to image features.</summary>
    public required IVisionEncoder Vision { get; init; }

    /// <summary>From embeddings to logits; its embedding is the third graph.</summary>
    public required TextDecoder Text { get; init; }

    /// <summary>The paths of the configuration and of the weights.</summary>
    public required IReadOnlyList<string> SourceFiles { get; init; }

    /// <summary>What holds the weights' bytes.</summary>
    public required IDisposable Checkpoint { get; init; }

    public void Dispose() => Checkpoint.Dispose();
}
