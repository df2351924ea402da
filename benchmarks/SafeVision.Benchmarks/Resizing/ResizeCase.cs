using SafeVision.Imaging;

namespace SafeVision.Benchmarks.Resizing;

/// <summary>A resize of the 2560x1600 picture that pillow-perf measures with, or of another.</summary>
/// <param name="Width">The source's columns.</param>
/// <param name="Height">The source's rows.</param>
/// <param name="TargetWidth">The target's columns.</param>
/// <param name="TargetHeight">The target's rows.</param>
/// <param name="Filter">The kernel.</param>
public sealed record ResizeCase(int Width, int Height, int TargetWidth, int TargetHeight, ResampleFilter Filter)
{
    private static readonly (int Width, int Height, int TargetWidth, int TargetHeight)[] s_sizes =
    [
        (2560, 1600, 320, 200),
        (2560, 1600, 2048, 1280),
        (2560, 1600, 5478, 3424),
        (4000, 3000, 341, 256),
        (1280, 960, 341, 256),
        (640, 480, 341, 256),
    ];

    public static IEnumerable<ResizeCase> All =>
        from size in s_sizes
        from filter in new[] { ResampleFilter.Bilinear, ResampleFilter.Bicubic, ResampleFilter.Lanczos }
        select new ResizeCase(size.Width, size.Height, size.TargetWidth, size.TargetHeight, filter);

    /// <summary>Bytes of the source as RGB24.</summary>
    public long SourceBytes => (long)Width * Height * 3;

    public override string ToString() => $"{Width}x{Height} to {TargetWidth}x{TargetHeight} {Filter}";
}
