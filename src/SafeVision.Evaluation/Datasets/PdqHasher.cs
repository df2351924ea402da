using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace SafeVision.Evaluation.Datasets;

/// <summary>Hashes images by PDQ, bit for bit as the reference implementation in C++ (github.com/facebook/ThreatExchange, pdq/cpp)
/// does where both get the same pixels: luma, two passes of a box filter in each direction, 64 by 64 points, the lowest 16 by 16
/// frequencies but the constant ones, each above or below the median.</summary>
/// <remarks>The reference program shrinks images above 512 pixels to 512 by 512 before, with a filter of its image library; here
/// all pixels are used, as its functions do when they are called. The two differ in some bits out of 256.</remarks>
internal static class PdqHasher
{
    private const int Points = 64;
    private const int Frequencies = 16;
    private const int Smallest = 5; // pixels; smaller images have no hash

    /// <summary>The first frequencies of a cosine transform of 64 points without the constant one. [frequency, point]</summary>
    private static readonly float[] Cosines = MakeCosines();

    /// <summary>Hashes packed RGB pixels.</summary>
    /// <param name="pixels">Rows from the top, three bytes a pixel.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <returns>The hash; all zero with a quality of 0 for an image with fewer than five rows or columns.</returns>
    /// <exception cref="ArgumentException">The sizes are not positive, or <paramref name="pixels"/> is too short for them.</exception>
    public static PdqResult Hash(ReadOnlySpan<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.Length < (long)width * height * 3)
        {
            throw new ArgumentException($"{width}x{height} pixels have {(long)width * height * 3} bytes; there are {pixels.Length}.", nameof(pixels));
        }

        if (width < Smallest || height < Smallest)
        {
            return default;
        }

        int count = width * height;
        using IMemoryOwner<float> first = MemoryPool<float>.Shared.Rent(count);
        using IMemoryOwner<float> second = MemoryPool<float>.Shared.Rent(count);
        Luma(pixels, first.Memory.Span[..count]);
        Span<float> points = stackalloc float[Points * Points];
        Shrink(first.Memory.Span, second.Memory.Span, width, height, points);
        Span<float> frequencies = stackalloc float[Frequencies * Frequencies];
        Transform(points, frequencies);
        return new PdqResult(Threshold(frequencies), QualityOf(points));
    }

    /// <summary>Hashes a frame of a decoded image.</summary>
    public static PdqResult Hash(ImageFrame frame) => Hash(frame.Pixels, frame.Width, frame.Height);

    private static void Luma(ReadOnlySpan<byte> pixels, Span<float> luma)
    {
        for (int i = 0; i < luma.Length; i++)
        {
            luma[i] = (0.299f * pixels[i * 3]) + (0.587f * pixels[(i * 3) + 1]) + (0.114f * pixels[(i * 3) + 2]);
        }
    }

    /// <summary>Blurs so far that one point stands for its surroundings, and takes the points. [64, 64]</summary>
    private static void Shrink(Span<float> luma, Span<float> scratch, int width, int height, Span<float> points)
    {
        if (width == Points && height == Points)
        {
            luma[..points.Length].CopyTo(points);
            return;
        }

        // Two passes of half a point's breadth make a tent of a whole one (Jarosz).
        int alongRow = (width + (2 * Points) - 1) / (2 * Points), alongColumn = (height + (2 * Points) - 1) / (2 * Points);
        for (int pass = 0; pass < 2; pass++)
        {
            for (int y = 0; y < height; y++)
            {
                BoxRow(luma.Slice(y * width, width), scratch.Slice(y * width, width), alongRow);
            }

            BoxColumns(scratch, luma, width, height, alongColumn);
        }

        for (int y = 0; y < Points; y++)
        {
            int row = (int)((y + 0.5) * height / Points) * width;
            for (int x = 0; x < Points; x++)
            {
                points[(y * Points) + x] = luma[row + (int)((x + 0.5) * width / Points)];
            }
        }
    }

    /// <summary>The mean of each number and its neighbours. Where the window ends beyond the edge, of those that there are.</summary>
    private static void BoxRow(ReadOnlySpan<float> source, Span<float> target, int window)
    {
        (int before, int after) = Reach(window);
        float sum = 0;
        for (int i = 0; i < Math.Min(after, source.Length); i++)
        {
            sum += source[i];
        }

        for (int i = 0; i < target.Length; i++)
        {
            if (i + after < source.Length)
            {
                sum += source[i + after];
            }

            if (i - before > 0)
            {
                sum -= source[i - before - 1];
            }

            target[i] = sum / Inside(i, before, after, source.Length);
        }
    }

    /// <summary>The same down every column, a row of sums at a time.</summary>
    private static void BoxColumns(ReadOnlySpan<float> source, Span<float> target, int width, int height, int window)
    {
        (int before, int after) = Reach(window);
        using IMemoryOwner<float> rented = MemoryPool<float>.Shared.Rent(width);
        Span<float> sums = rented.Memory.Span[..width];
        sums.Clear();
        for (int y = 0; y < Math.Min(after, height); y++)
        {
            TensorPrimitives.Add(sums, source.Slice(y * width, width), sums);
        }

        for (int y = 0; y < height; y++)
        {
            if (y + after < height)
            {
                TensorPrimitives.Add(sums, source.Slice((y + after) * width, width), sums);
            }

            if (y - before > 0)
            {
                TensorPrimitives.Subtract(sums, source.Slice((y - before - 1) * width, width), sums);
            }

            TensorPrimitives.Divide(sums, Inside(y, before, after, height), target.Slice(y * width, width));
        }
    }

    /// <summary>How far a window reaches to either side; one of even breadth reaches farther ahead.</summary>
    private static (int Before, int After) Reach(int window) => ((window - 1) / 2, window / 2);

    private static int Inside(int index, int before, int after, int length) => Math.Min(index + after, length - 1) - Math.Max(index - before, 0) + 1;

    /// <summary>Cosines · points · cosinesᵀ. Sums run from the first point to the last, so that they round as the reference's do.</summary>
    private static void Transform(ReadOnlySpan<float> points, Span<float> frequencies)
    {
        Span<float> rows = stackalloc float[Points]; // one frequency down the columns
        for (int i = 0; i < Frequencies; i++)
        {
            rows.Clear();
            for (int k = 0; k < Points; k++)
            {
                for (int j = 0; j < Points; j++)
                {
                    rows[j] += Cosines[(i * Points) + k] * points[(k * Points) + j];
                }
            }

            for (int j = 0; j < Frequencies; j++)
            {
                float sum = 0;
                for (int k = 0; k < Points; k++)
                {
                    sum += rows[k] * Cosines[(j * Points) + k];
                }

                frequencies[(i * Frequencies) + j] = sum;
            }
        }
    }

    private static PdqHash Threshold(ReadOnlySpan<float> frequencies)
    {
        Span<float> sorted = stackalloc float[frequencies.Length];
        frequencies.CopyTo(sorted);
        sorted.Sort();
        float median = sorted[(frequencies.Length / 2) - 1]; // the lower one of the two in the middle
        Span<ulong> words = stackalloc ulong[4];
        words.Clear();
        for (int i = 0; i < frequencies.Length; i++)
        {
            if (frequencies[i] > median)
            {
                words[i / 64] |= 1UL << (i % 64);
            }
        }

        return new PdqHash(Vector256.Create<ulong>(words));
    }

    /// <summary>How strong the edges between neighbouring points are: weak ones count nothing.</summary>
    private static int QualityOf(ReadOnlySpan<float> points)
    {
        int sum = 0;
        for (int y = 0; y < Points; y++)
        {
            for (int x = 0; x < Points; x++)
            {
                int here = (y * Points) + x;
                sum += y + 1 < Points ? Math.Abs((int)((points[here] - points[here + Points]) * 100 / 255)) : 0;
                sum += x + 1 < Points ? Math.Abs((int)((points[here] - points[here + 1]) * 100 / 255)) : 0;
            }
        }

        return Math.Min(100, sum / 90);
    }

    private static float[] MakeCosines()
    {
        var cosines = new float[Frequencies * Points];
        float scale = (float)Math.Sqrt(2.0 / Points);
        for (int i = 0; i < cosines.Length; i++)
        {
            (int frequency, int point) = (i / Points, i % Points);
            cosines[i] = (float)(scale * Math.Cos(Math.PI / 2 / Points * (frequency + 1) * ((2 * point) + 1)));
        }

        return cosines;
    }
}
