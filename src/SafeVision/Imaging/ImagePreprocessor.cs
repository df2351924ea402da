namespace SafeVision.Imaging;

/// <summary>
/// Makes network inputs by a <see cref="PreprocessingRecipe"/>: float32, planes of red, green and blue, [3, H, W].
/// </summary>
/// <remarks>
/// Thread-safe. Only the part of the resized picture that the crop keeps is computed, however long the picture is, and
/// bytes become normalised floats in the last pass of the resize. Pictures of a size seen before allocate nothing.
/// </remarks>
public sealed class ImagePreprocessor
{
    private readonly PreprocessingResize _resize;
    private readonly ChannelTables _tables;

    /// <summary>Compiles a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="ArgumentException">A value of the recipe is out of range.</exception>
    public ImagePreprocessor(PreprocessingRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        Recipe = recipe;
        _resize = recipe.Resize;
        _tables = new ChannelTables(recipe);
        InputSize = recipe.InputSize;
    }

    /// <summary>The recipe.</summary>
    public PreprocessingRecipe Recipe { get; }

    /// <summary>The height and the width of an input, in pixels.</summary>
    public int InputSize { get; }

    /// <summary>The number of floats of an input: 3 x <see cref="InputSize"/> x <see cref="InputSize"/>.</summary>
    public int InputLength => 3 * InputSize * InputSize;

    /// <summary>Writes the input for one view of a picture.</summary>
    /// <param name="rgb">The picture: rows of red, green, blue bytes without padding.</param>
    /// <param name="width">The picture's columns, 1 to <see cref="ImageResizer.MaximumSourceSide"/>.</param>
    /// <param name="height">The picture's rows, 1 to <see cref="ImageResizer.MaximumSourceSide"/>.</param>
    /// <param name="region">
    /// The view: whole pixels, inside the picture. The result is the same as if the region had been cut out first.
    /// </param>
    /// <param name="destination">Receives <see cref="InputLength"/> floats.</param>
    /// <exception cref="ArgumentException">A size, the region or a buffer does not fit.</exception>
    public void Write(ReadOnlySpan<byte> rgb, int width, int height, ImageRegion region, Span<float> destination)
    {
        PixelView view = View(rgb, width, height, region);
        if (destination.Length < InputLength)
        {
            throw new ArgumentException($"The destination holds {destination.Length} floats; an input has {InputLength}.", nameof(destination));
        }

        (int resizedWidth, int resizedHeight) = _resize.Target(view.Width, view.Height);
        ResizeWindow window = Window(resizedWidth, resizedHeight);
        Span<float> planes = destination[..InputLength];
        if (_resize.Filter == PreprocessingFilter.BilinearAlignCorners)
        {
            AlignCornersResampler.Run(view, resizedWidth, resizedHeight, window, _tables, planes);
            return;
        }

        var options = new ResizeOptions(resizedWidth, resizedHeight, (ResampleFilter)_resize.Filter) { Window = window };
        var sink = new PlaneSink(_tables, planes, InputSize);
        ImageResizer.Resize(view, ResizeTarget.Create(view.Width, view.Height, options), options, ResampleKernel.Best, ref sink);
    }

    /// <summary>
    /// The part of the picture that the network sees of a view: what the crop keeps. A heat map over the input, put
    /// over this rectangle, lies where it belongs.
    /// </summary>
    /// <param name="width">The picture's columns.</param>
    /// <param name="height">The picture's rows.</param>
    /// <param name="region">The view, as for <see cref="Write"/>.</param>
    /// <exception cref="ArgumentException">A size or the region does not fit.</exception>
    public ImageRegion VisibleRegion(int width, int height, ImageRegion region)
    {
        RequirePicture(width, height);
        RequireRegion(width, height, region);
        (int resizedWidth, int resizedHeight) = _resize.Target((int)region.Width, (int)region.Height);
        ResizeWindow window = Window(resizedWidth, resizedHeight);
        double scaleX = region.Width / resizedWidth;
        double scaleY = region.Height / resizedHeight;
        return new ImageRegion(
            region.X + window.X * scaleX, region.Y + window.Y * scaleY, window.Width * scaleX, window.Height * scaleY);
    }

    private ResizeWindow Window(int resizedWidth, int resizedHeight) =>
        new((resizedWidth - InputSize) / 2, (resizedHeight - InputSize) / 2, InputSize, InputSize);

    private static PixelView View(ReadOnlySpan<byte> rgb, int width, int height, scoped in ImageRegion region)
    {
        RequirePicture(width, height);
        long needed = (long)width * height * 3;
        if (rgb.Length < needed)
        {
            throw new ArgumentException($"The picture has {rgb.Length} bytes; {width}x{height} pixels of RGB need {needed}.", nameof(rgb));
        }

        RequireRegion(width, height, region);
        int first = ((int)region.Y * width + (int)region.X) * 3;
        return new PixelView(rgb[first..(int)needed], (nint)width * 3, (int)region.Width, (int)region.Height, PixelLayout.Rgb24);
    }

    private static void RequirePicture(int width, int height)
    {
        if (Math.Min(width, height) < 1 || Math.Max(width, height) > ImageResizer.MaximumSourceSide)
        {
            throw new ArgumentOutOfRangeException(
                nameof(width), $"{width}x{height}", $"Each side of a picture must be 1 to {ImageResizer.MaximumSourceSide} pixels.");
        }
    }

    private static void RequireRegion(int width, int height, scoped in ImageRegion region)
    {
        bool isWhole = double.IsInteger(region.X) && double.IsInteger(region.Y) && double.IsInteger(region.Width) && double.IsInteger(region.Height);
        if (!isWhole || region.X < 0 || region.Y < 0 || region.Width < 1 || region.Height < 1
            || region.X + region.Width > width || region.Y + region.Height > height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(region), region, $"A view must be whole pixels, at least one, inside the {width}x{height} picture.");
        }
    }

    /// <summary>Spreads rows of interleaved bytes over three planes of normalised floats.</summary>
    private readonly ref struct PlaneSink(ChannelTables tables, Span<float> planes, int size) : IResampleRowSink
    {
        private readonly Span<float> _planes = planes;

        public void Write(int row, ReadOnlySpan<byte> pixels) => tables.Normalise(
            pixels, _planes.Slice(row * size, size), _planes.Slice((size + row) * size, size), _planes.Slice((2 * size + row) * size, size));
    }
}
