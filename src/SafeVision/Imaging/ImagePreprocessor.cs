namespace SafeVision.Imaging;

/// <summary>Makes network inputs by a <see cref="PreprocessingRecipe"/>: float32, planes of red, green and blue, [3, H, W].</summary>
/// <remarks>Thread-safe. Only the part of the resized image that the crop keeps is computed, however long the image is, and bytes
/// become normalised floats in the last pass of the resize. Images of a size seen before allocate nothing.</remarks>
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

    /// <summary>Writes the input for one view of an image.</summary>
    /// <param name="rgb">The image: rows of red, green, blue bytes without padding.</param>
    /// <param name="width">The image's columns, 1 to <see cref="ImageResizer.MaximumSourceSide"/>.</param>
    /// <param name="height">The image's rows, 1 to <see cref="ImageResizer.MaximumSourceSide"/>.</param>
    /// <param name="region">The view: whole pixels, inside the image. The result is the same as if the region had been
    /// cut out first.</param>
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

    /// <summary>The part of the image that the network sees of a view: what the crop keeps. A heat map over the input, put over
    /// this rectangle, lies where it belongs.</summary>
    /// <param name="width">The image's columns.</param>
    /// <param name="height">The image's rows.</param>
    /// <param name="region">The view, as for <see cref="Write"/>.</param>
    /// <exception cref="ArgumentException">A size or the region does not fit.</exception>
    public ImageRegion VisibleRegion(int width, int height, ImageRegion region)
    {
        RequireImage(width, height);
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
        RequireImage(width, height);
        long needed = (long)width * height * 3;
        if (rgb.Length < needed)
        {
            throw new ArgumentException($"The image has {rgb.Length} bytes; {width}x{height} pixels of RGB need {needed}.", nameof(rgb));
        }

        RequireRegion(width, height, region);
        int first = ((int)region.Y * width + (int)region.X) * 3;
        return new PixelView(rgb[first..(int)needed], (nint)width * 3, (int)region.Width, (int)region.Height, PixelLayout.Rgb24);
    }

    private static void RequireImage(int width, int height)
    {
        if (Math.Min(width, height) < 1 || Math.Max(width, height) > ImageResizer.MaximumSourceSide)
        {
            throw new ArgumentOutOfRangeException(
                nameof(width), $"{width}x{height}", $"Each side of an image must be 1 to {ImageResizer.MaximumSourceSide} pixels.");
        }
    }

    private static void RequireRegion(int width, int height, scoped in ImageRegion region)
    {
        bool isWhole = double.IsInteger(region.X) && double.IsInteger(region.Y) && double.IsInteger(region.Width) && double.IsInteger(region.Height);
        if (!isWhole || region.X < 0 || region.Y < 0 || region.Width < 1 || region.Height < 1
            || region.X + region.Width > width || region.Y + region.Height > height)
        {
            throw new ArgumentOutOfRangeException(
                nameof(region), region, $"A view must be whole pixels, at least one, inside the {width}x{height} image.");
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

/// <summary>What each of the 256 byte values becomes in each channel. A table is exact whatever the recipe says, and a load costs
/// less than the two divisions that it replaces. Thread-safe.</summary>
public sealed class ChannelTables
{
    private readonly float[] _red;
    private readonly float[] _green;
    private readonly float[] _blue;

    internal ChannelTables(PreprocessingRecipe recipe)
        : this(recipe.Rescale, recipe.Mean, recipe.Std)
    {
    }

    /// <summary>The tables for (value * <paramref name="rescale"/> - <paramref name="mean"/>) / <paramref name="std"/>.</summary>
    public ChannelTables(double rescale, in ChannelValues mean, in ChannelValues std)
    {
        for (int value = 0; value < Rescaled.Length; value++)
        {
            // In double precision and then rounded, as transformers does.
            Rescaled[value] = (float)(value * rescale);
        }

        Mean = [(float)mean.Red, (float)mean.Green, (float)mean.Blue];
        Std = [(float)std.Red, (float)std.Green, (float)std.Blue];
        _red = Normalised(0);
        _green = Normalised(1);
        _blue = Normalised(2);
    }

    internal float[] Rescaled { get; } = new float[256]; // each byte value, rescaled only
    internal float[] Mean { get; } // what is subtracted in each channel
    internal float[] Std { get; } // what is divided by in each channel

    /// <summary>Spreads interleaved RGB bytes over three rows of normalised floats.</summary>
    /// <exception cref="ArgumentException">There are fewer pixels, or less room, than <paramref name="red"/> is long.</exception>
    public void Normalise(ReadOnlySpan<byte> pixels, Span<float> red, Span<float> green, Span<float> blue)
    {
        int count = red.Length;
        ref byte pixel = ref MemoryMarshal.GetReference(pixels[..(3 * count)]);
        ref float reds = ref MemoryMarshal.GetReference(red);
        ref float greens = ref MemoryMarshal.GetReference(green[..count]);
        ref float blues = ref MemoryMarshal.GetReference(blue[..count]);

        // A byte is always inside a table of 256, which only the compiler doesn't know: its checks took half of the time.
        ref float redTable = ref MemoryMarshal.GetArrayDataReference(_red);
        ref float greenTable = ref MemoryMarshal.GetArrayDataReference(_green);
        ref float blueTable = ref MemoryMarshal.GetArrayDataReference(_blue);
        for (nint x = 0; x < count; x++)
        {
            Unsafe.Add(ref reds, x) = Unsafe.Add(ref redTable, (nint)pixel);
            Unsafe.Add(ref greens, x) = Unsafe.Add(ref greenTable, (nint)Unsafe.Add(ref pixel, 1));
            Unsafe.Add(ref blues, x) = Unsafe.Add(ref blueTable, (nint)Unsafe.Add(ref pixel, 2));
            pixel = ref Unsafe.Add(ref pixel, 3);
        }
    }

    private float[] Normalised(int channel) => Array.ConvertAll(Rescaled, value => (value - Mean[channel]) / Std[channel]);
}

/// <summary>A rectangle of an image in pixels from its top left corner. Edges may lie between pixels.</summary>
/// <param name="X">The left edge.</param>
/// <param name="Y">The top edge.</param>
/// <param name="Width">The width.</param>
/// <param name="Height">The height.</param>
public readonly record struct ImageRegion(double X, double Y, double Width, double Height)
{
    /// <summary>All of an image.</summary>
    /// <param name="width">The image's columns.</param>
    /// <param name="height">The image's rows.</param>
    public static ImageRegion Whole(int width, int height) => new(0, 0, width, height);
}
