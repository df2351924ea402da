namespace SafeVision.Imaging.Decoding;

/// <summary>
/// Keeps the sampled frames of one animation within <see cref="ImageLimits.MaxPixels"/> in sum, by halving them as often as
/// the models' target size allows.
/// </summary>
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

    /// <summary>Makes a frame of the pixels, each the mean of a square of them. Takes the buffer over.</summary>
    public ImageFrame Reduce(in FramePlace place, PixelBuffer pixels, ImageRendering rendering = ImageRendering.Default)
    {
        (int width, int height) = (place.Width, place.Height);
        if (_factor == 1)
        {
            return new ImageFrame(place.Index, place.Timestamp, width, height, pixels) { Rendering = rendering };
        }

        (int columns, int rows) = (width / _factor, height / _factor);
        PixelBuffer reduced = PixelBuffer.Rent(columns * rows * 3);
        for (int y = 0; y < rows; y++)
        {
            ReduceRow(pixels.Span.Slice(y * _factor * width * 3, _factor * width * 3), width * 3, reduced.Span.Slice(y * columns * 3, columns * 3));
        }

        ((IDisposable)pixels).Dispose();
        return new ImageFrame(place.Index, place.Timestamp, columns, rows, reduced) { Rendering = rendering };
    }

    private void ReduceRow(ReadOnlySpan<byte> source, int stride, Span<byte> target)
    {
        int count = _factor * _factor;
        for (int i = 0; i < target.Length; i++)
        {
            int sum = count / 2;
            int start = (i / 3 * _factor * 3) + (i % 3);
            for (int row = 0; row < _factor; row++)
            {
                for (int column = 0; column < _factor; column++)
                {
                    sum += source[start + (row * stride) + (column * 3)];
                }
            }

            target[i] = (byte)(sum / count);
        }
    }
}
