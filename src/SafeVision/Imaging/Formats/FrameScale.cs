namespace SafeVision.Imaging.Formats;

/// <summary>Keeps the sampled frames of one animation within <see cref="ImageLimits.MaxPixels"/> in sum, by halving them as often
/// as the models' target size allows.</summary>
internal readonly struct FrameScale
{
    private readonly int _factor;

    private FrameScale(int factor) => _factor = factor;

    /// <exception cref="ImageRejectedException">The frames are too many and too large together.</exception>
    public static FrameScale For(ImageFormat format, int width, int height, int samples, ImageDecodeOptions options)
    {
        long most = options.Limits.MaxPixels;
        int factor = 1;
        while (Sum(factor) > most)
        {
            factor *= 2;
            if (options.TargetShortSide is not { } side || Math.Min(width, height) / factor < 2L * side)
            {
                throw ImageRejectedException.TooLarge(
                    format,
                    $"{samples} sampled frames of {width}x{height} are {Sum(1)} pixels; the limit is {most} (ImageLimits.MaxPixels; fewer ImageDecodeOptions.MaxSampledFrames or a TargetShortSide take less)");
            }
        }

        return new FrameScale(factor);

        long Sum(int factor) => (long)(width / factor) * (height / factor) * samples;
    }

    /// <summary>For a frame that is only for models: no larger than they need, and few of them as large as one image.</summary>
    public static FrameScale ForOther(int width, int height, ImageDecodeOptions options)
    {
        int factor = 1;
        while (((long)(width / factor) * (height / factor) > options.Limits.MaxPixels / OtherRenderings.Most(options) && Math.Min(width, height) / factor > 1)
            || (options.TargetShortSide is { } side && Math.Min(width, height) / (factor * 2) >= 2L * side))
        {
            factor *= 2;
        }

        return new FrameScale(factor);
    }

    /// <summary>Makes an upright frame, each pixel the mean of a square of them on the ground. Takes memory for the reduced frame
    /// and as many rows as become one.</summary>
    /// <param name="ground">What alpha is composited on; null: as if there were no alpha.</param>
    public ImageFrame Render(int index, TimeSpan timestamp, in StoredPixels source, RgbColor? ground, ImageRendering rendering = ImageRendering.Default)
    {
        if (_factor == 1)
        {
            return Upright(index, timestamp, source, ground, rendering);
        }

        (int columns, int rows) = (source.Width / _factor, source.Height / _factor);
        using PixelBuffer reduced = PixelBuffer.Rent(columns * rows * 4);
        using PixelBuffer row = PixelBuffer.Rent(source.Width * 3);
        using var memory = new Scratch<uint>(source.Width * 3);
        var converter = new UprightWriter(source.Width, 1, Orientation.Upright, ground);
        for (int y = 0; y < rows; y++)
        {
            memory.Span.Clear();
            for (int i = 0; i < _factor; i++)
            {
                converter.Write(source.Row((y * _factor) + i), source.Width * 4, 0, row.Span);
                Add(row.Span, memory.Span);
            }

            Divide(memory.Span, reduced.Span.Slice(y * columns * 4, columns * 4));
        }

        return Upright(index, timestamp, new StoredPixels(reduced.Span, columns * 4, columns, rows, source.Orientation), null, rendering);
    }

    private static ImageFrame Upright(int index, TimeSpan timestamp, in StoredPixels source, RgbColor? ground, ImageRendering rendering)
    {
        var writer = new UprightWriter(source.Width, source.Height, source.Orientation, ground);
        PixelBuffer pixels = PixelBuffer.Rent(writer.Width * writer.Height * 3);
        if (source.Stride == source.Width * 4)
        {
            writer.Write(source.Rgba[..(source.Height * source.Stride)], source.Stride, 0, pixels.Span);
        }
        else
        {
            for (int y = 0; y < source.Height; y++)
            {
                writer.Write(source.Row(y), source.Width * 4, y, pixels.Span);
            }
        }

        return new ImageFrame(index, timestamp, writer.Width, writer.Height, pixels) { Rendering = rendering };
    }

    private static void Add(ReadOnlySpan<byte> row, Span<uint> sums)
    {
        int i = 0;
        for (; i <= row.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(row[i..]), out Vector<ushort> low, out Vector<ushort> high);
            Span<uint> four = sums.Slice(i, Vector<byte>.Count);
            AddTo(four, low);
            AddTo(four[Vector<ushort>.Count..], high);
        }

        for (; i < row.Length; i++)
        {
            sums[i] += row[i];
        }
    }

    private static void AddTo(Span<uint> sums, Vector<ushort> values)
    {
        Vector.Widen(values, out Vector<uint> low, out Vector<uint> high);
        (new Vector<uint>(sums) + low).CopyTo(sums);
        sums = sums[Vector<uint>.Count..];
        (new Vector<uint>(sums) + high).CopyTo(sums);
    }

    private void Divide(ReadOnlySpan<uint> sums, Span<byte> rgba)
    {
        ulong count = (ulong)_factor * (ulong)_factor;
        for (int x = 0; x < rgba.Length / 4; x++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                ulong sum = count / 2;
                for (int column = 0; column < _factor; column++)
                {
                    sum += sums[(((x * _factor) + column) * 3) + channel];
                }

                rgba[(x * 4) + channel] = (byte)(sum / count);
            }
        }
    }
}

/// <summary>Decoded pixels as they are stored, four bytes each with straight alpha, and how they are turned upright.</summary>
internal readonly ref struct StoredPixels(ReadOnlySpan<byte> rgba, int stride, int width, int height, Orientation orientation)
{
    public ReadOnlySpan<byte> Rgba { get; } = rgba;

    /// <summary>Bytes from a row to the next.</summary>
    public int Stride => stride;

    public int Width => width;

    public int Height => height;

    public Orientation Orientation => orientation;

    public ReadOnlySpan<byte> Row(int y) => Rgba.Slice(y * stride, width * 4);
}
