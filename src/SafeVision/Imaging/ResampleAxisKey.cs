namespace SafeVision.Imaging;

/// <summary>Everything that the weights along one axis depend on.</summary>
/// <param name="SourceSize">Pixels of the source along the axis.</param>
/// <param name="Low">The near edge of the box.</param>
/// <param name="High">The far edge of the box.</param>
/// <param name="TargetSize">Pixels of the whole target along the axis.</param>
/// <param name="Filter">The kernel; not nearest.</param>
/// <param name="First">The first wanted target pixel.</param>
/// <param name="Count">The number of wanted target pixels.</param>
internal readonly record struct ResampleAxisKey(
    int SourceSize, float Low, float High, int TargetSize, ResampleFilter Filter, int First, int Count)
{
    /// <summary>
    /// True if the axis neither scales nor shifts by parts of a pixel: every kernel is then 1 at its centre and 0 at
    /// the other pixels.
    /// </summary>
    public bool IsShift => High - Low == TargetSize && Low == MathF.Truncate(Low);
}
