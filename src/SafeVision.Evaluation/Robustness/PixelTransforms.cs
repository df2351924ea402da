using System.Numerics.Tensors;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Disturbances that change pixels where they are.</summary>
internal static class PixelTransforms
{
    /// <summary>Adds to every channel of every pixel a normally distributed number.</summary>
    /// <param name="deviation">The standard deviation, in levels of 255.</param>
    public static RgbImage AddNoise(RgbImage image, double deviation, SeededRandom random)
    {
        var noisy = new RgbImage(image.Width, image.Height);
        Span<byte> target = noisy.Pixels;
        ReadOnlySpan<byte> source = image.Pixels;
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = (byte)Math.Clamp((int)Math.Floor(source[i] + (deviation * Normal(random)) + 0.5), 0, 255);
        }

        return noisy;
    }

    /// <summary>The number of ones among 64 random bits is near normal (mean 32, deviation 4); a uniform part fills the gaps
    /// between whole numbers. Unlike logarithm and cosine (Box and Muller 1958), it is the same to the last bit on every
    /// machine.</summary>
    private static double Normal(SeededRandom random) =>
        (BitOperations.PopCount(random.NextBits()) - 32 + random.NextDouble() - 0.5) / Deviation;

    // Of the sum: the variance of the ones, 64/4, and of the uniform part, 1/12.
    private static readonly double Deviation = Math.Sqrt(16 + (1.0 / 12));

    /// <summary>Takes the colours away: luma by ITU-R BT.601, with Pillow's rounding.</summary>
    public static RgbImage RemoveColors(RgbImage image)
    {
        var grey = new RgbImage(image.Width, image.Height);
        for (int i = 0; i < image.Pixels.Length; i += 3)
        {
            Span<byte> pixel = image.Pixels.AsSpan(i, 3);
            grey.Pixels.AsSpan(i, 3).Fill((byte)(((pixel[0] * 19595) + (pixel[1] * 38470) + (pixel[2] * 7471) + 0x8000) >> 16));
        }

        return grey;
    }

    /// <summary>Saves as JPEG of a quality from 1 to 100 and reads that again, as an image that is passed on does at every stop.</summary>
    public static RgbImage Recompress(RgbImage image, int quality)
    {
        using SKBitmap bitmap = SkiaPixels.ToBitmap(image);
        using SKData file = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality)
            ?? throw new InvalidOperationException($"An image of {image.Width}x{image.Height} pixels can't be written as JPEG, whose sides are at most 65,535.");
        using SKBitmap read = SKBitmap.Decode(file, new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        return SkiaPixels.FromBitmap(read);
    }
}

/// <summary>Blurs with a Gaussian kernel, cut at three standard deviations; the edge pixels go on beyond the edge.</summary>
internal static class GaussianBlur
{
    /// <summary>The image blurred, by percent of its shorter side, so that its size plays no part.</summary>
    public static RgbImage BlurPercent(RgbImage image, double percent) => Blur(image, percent / 100 * image.ShortSide);

    /// <summary>The image blurred.</summary>
    /// <param name="deviation">The standard deviation in pixels.</param>
    public static RgbImage Blur(RgbImage image, double deviation)
    {
        float[] kernel = Kernel(Math.Max(deviation, 1e-3));
        int radius = kernel.Length / 2, width = image.Width, row = width * 3;
        var blurred = new RgbImage(width, image.Height);

        // Rows blurred along themselves are kept only while the rows below still need them.
        var lines = new float[kernel.Length][];
        var padded = new float[row + (radius * 6)];
        var sum = new float[row];
        for (int y = -radius; y < image.Height + radius; y++)
        {
            float[] line = lines[(y + radius) % kernel.Length] ??= new float[row];
            Widen(image.Row(Math.Clamp(y, 0, image.Height - 1)), radius, padded);
            Convolve(line, kernel, i => padded.AsMemory(i * 3, row));
            int target = y - radius;
            if (target >= 0)
            {
                Convolve(sum, kernel, i => lines[(target + i) % kernel.Length]);
                Round(sum, blurred.Row(target));
            }
        }

        return blurred;
    }

    private static void Convolve(float[] target, float[] kernel, Func<int, ReadOnlyMemory<float>> source)
    {
        Array.Clear(target);
        for (int i = 0; i < kernel.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(source(i).Span, kernel[i], target, target);
        }
    }

    private static void Widen(ReadOnlySpan<byte> row, int radius, Span<float> padded)
    {
        TensorPrimitives.ConvertTruncating(row, padded.Slice(radius * 3, row.Length));
        for (int i = 0; i < radius * 3; i++)
        {
            padded[i] = row[i % 3];
            padded[padded.Length - (radius * 3) + i] = row[row.Length - 3 + (i % 3)];
        }
    }

    private static void Round(ReadOnlySpan<float> values, Span<byte> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (byte)Math.Clamp((int)(values[i] + 0.5f), 0, 255);
        }
    }

    private static float[] Kernel(double deviation)
    {
        int radius = (int)Math.Ceiling(3 * deviation);
        double[] weights = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(x => Math.Exp(-x * x / (2 * deviation * deviation)))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }
}

/// <summary>Images to and from Skia.</summary>
internal static class SkiaPixels
{
    /// <summary>The pixels with a fourth byte, as Skia has them.</summary>
    public static SKBitmap ToBitmap(RgbImage image)
    {
        var bitmap = new SKBitmap(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        RgbPixels.ToRgba(image.Pixels, bitmap.GetPixelSpan());
        return bitmap;
    }

    /// <summary>The pixels of a bitmap of the same colour type, without the fourth byte.</summary>
    public static RgbImage FromBitmap(SKBitmap bitmap)
    {
        var image = new RgbImage(bitmap.Width, bitmap.Height);
        ReadOnlySpan<byte> source = bitmap.GetPixelSpan();
        for (int i = 0; i < image.Width * image.Height; i++)
        {
            source.Slice(i * 4, 3).CopyTo(image.Pixels.AsSpan(i * 3));
        }

        return image;
    }
}
