namespace SafeVision.Benchmarks.Checkpoints;

/// <summary>The sizes of a vision transformer.</summary>
internal sealed record VisionShape(int Layers, int Width, int Heads, int FeedForward, int ImageSize, int PatchSize)
{
    /// <summary>The patches of one picture.</summary>
    public int Patches => (ImageSize / PatchSize) * (ImageSize / PatchSize);
}
