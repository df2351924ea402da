namespace SafeVision.Imaging;

/// <summary>Checked <see cref="ResizeOptions"/> for a source of a known size, taken apart into the two axes.</summary>
/// <param name="Box">The part of the source that becomes the target.</param>
/// <param name="Columns">The axis along x.</param>
/// <param name="Rows">The axis along y.</param>
internal readonly record struct ResizeTarget(ResampleBox Box, ResampleAxisKey Columns, ResampleAxisKey Rows)
{
    /// <exception cref="ArgumentException">An option is out of range, or does not fit the source.</exception>
    public static ResizeTarget Create(int width, int height, in ResizeOptions options)
    {
        RequireSide(options.Width, nameof(ResizeOptions.Width));
        RequireSide(options.Height, nameof(ResizeOptions.Height));
        if (!Enum.IsDefined(options.Filter))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Filter, "The filter is not one of the known ones.");
        }

        if (options.ReducingGap is double gap && !(gap >= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(options), gap, "ReducingGap must be at least 1.");
        }

        ResampleBox box = options.Box ?? new ResampleBox(0, 0, width, height);
        if (!(box.Left >= 0 && box.Top >= 0 && box.Right > box.Left && box.Bottom > box.Top && box.Right <= width && box.Bottom <= height))
        {
            throw new ArgumentOutOfRangeException(nameof(options), box, $"The box is empty or not inside the {width}x{height} source.");
        }

        ResizeWindow window = options.Window ?? new ResizeWindow(0, 0, options.Width, options.Height);
        if (Math.Max(window.Width, window.Height) > ImageResizer.MaximumSourceSide)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), window, $"A computed side must be at most {ImageResizer.MaximumSourceSide} pixels.");
        }

        if (window.X < 0 || window.Y < 0 || window.Width < 1 || window.Height < 1
            || window.X > options.Width - window.Width || window.Y > options.Height - window.Height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), window, $"The window is empty or not inside the {options.Width}x{options.Height} target.");
        }

        return new ResizeTarget(
            box,
            new ResampleAxisKey(width, box.Left, box.Right, options.Width, options.Filter, window.X, window.Width),
            new ResampleAxisKey(height, box.Top, box.Bottom, options.Height, options.Filter, window.Y, window.Height));
    }

    private static void RequireSide(int side, string name)
    {
        if (side is < 1 or > ImageResizer.MaximumTargetSide)
        {
            throw new ArgumentOutOfRangeException(name, side, $"A side of the target must be 1 to {ImageResizer.MaximumTargetSide} pixels.");
        }
    }
}
