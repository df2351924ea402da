namespace SafeVision.Imaging;

/// <summary>What <see cref="ImageResizer"/> should make of a picture.</summary>
public readonly record struct ResizeOptions
{
    /// <summary>Options for a target of the given size.</summary>
    /// <param name="width">Columns of the resized picture, 1 to <see cref="ImageResizer.MaximumTargetSide"/>.</param>
    /// <param name="height">Rows of the resized picture, 1 to <see cref="ImageResizer.MaximumTargetSide"/>.</param>
    /// <param name="filter">The kernel.</param>
    public ResizeOptions(int width, int height, ResampleFilter filter)
    {
        Width = width;
        Height = height;
        Filter = filter;
    }

    /// <summary>Columns of the resized picture.</summary>
    public int Width { get; init; }

    /// <summary>Rows of the resized picture.</summary>
    public int Height { get; init; }

    /// <summary>The kernel.</summary>
    public ResampleFilter Filter { get; init; }

    /// <summary>The part of the source that becomes the target. Default: all of it.</summary>
    public ResampleBox? Box { get; init; }

    /// <summary>The part of the target to compute. Default: all of it.</summary>
    public ResizeWindow? Window { get; init; }

    /// <summary>
    /// Pillow's <c>reducing_gap</c>, at least 1: where the source is more than this many times the target's size, it is
    /// first shrunk by a whole factor with plain means, which is faster and slightly less exact. Default: never. As in
    /// Pillow, <see cref="ResampleFilter.Nearest"/> and layouts with alpha ignore it.
    /// </summary>
    public double? ReducingGap { get; init; }
}
