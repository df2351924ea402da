namespace SafeVision.Imaging;

/// <summary>Shrinks a part of an image by whole factors with plain means: Pillow's <c>Image.reduce</c> and the rule by which its
/// <c>reducing_gap</c> uses it.</summary>
/// <param name="FactorX">Source columns that make one column.</param>
/// <param name="FactorY">Source rows that make one row.</param>
/// <param name="Left">The first column of the part.</param>
/// <param name="Top">The first row of the part.</param>
/// <param name="Right">The column after the last.</param>
/// <param name="Bottom">The row after the last.</param>
internal readonly record struct BoxReduction(int FactorX, int FactorY, int Left, int Top, int Right, int Bottom)
{
    /// <summary>The columns of the reduced part; the last one may be the mean of fewer source columns.</summary>
    public int Width => (Right - Left + FactorX - 1) / FactorX;

    /// <summary>The rows of the reduced part.</summary>
    public int Height => (Bottom - Top + FactorY - 1) / FactorY;

    /// <summary>True if there is nothing to reduce.</summary>
    public bool IsNone => FactorX == 1 && FactorY == 1;

    /// <summary>The reduction that may come before a resize without the filter noticing much.</summary>
    public static BoxReduction Plan(int width, int height, in ResampleBox box, in ResizeOptions options, double gap)
    {
        double boxWidth = (double)box.Right - box.Left;
        double boxHeight = (double)box.Bottom - box.Top;
        double reach = ResampleFunction.Support(options.Filter) - 0.5;
        double reachX = reach * (boxWidth / options.Width);
        double reachY = reach * (boxHeight / options.Height);
        return new BoxReduction(
            Math.Max((int)(boxWidth / options.Width / gap), 1),
            Math.Max((int)(boxHeight / options.Height / gap), 1),
            Math.Max(0, (int)(box.Left - reachX)),
            Math.Max(0, (int)(box.Top - reachY)),
            (int)Math.Min(width, Math.Ceiling(box.Right + reachX)),
            (int)Math.Min(height, Math.Ceiling(box.Bottom + reachY)));
    }

    /// <summary>A box of the image in the coordinates of the reduced part.</summary>
    public ResampleBox Map(in ResampleBox box) => new(
        (float)(((double)box.Left - Left) / FactorX),
        (float)(((double)box.Top - Top) / FactorY),
        (float)(((double)box.Right - Left) / FactorX),
        (float)(((double)box.Bottom - Top) / FactorY));

    public void Run(in PixelView source, Span<byte> target)
    {
        int channels = source.Channels;
        int width = Width * channels;
        using var memory = new Scratch<ulong>(width);
        Span<ulong> sums = memory.Span;
        for (int y = 0; y < Height; y++)
        {
            int top = Top + y * FactorY;
            int bottom = Math.Min(top + FactorY, Bottom);
            sums.Clear();
            for (int row = top; row < bottom; row++)
            {
                AddRow(source.Row(row, Left, Right - Left), sums, channels);
            }

            Divide(sums, bottom - top, target.Slice(y * width, width), channels);
        }
    }

    private void AddRow(ReadOnlySpan<byte> row, Span<ulong> sums, int channels)
    {
        int cell = FactorX * channels;
        for (int from = 0, target = 0; from < row.Length; from += cell, target += channels)
        {
            ReadOnlySpan<byte> pixels = row.Slice(from, Math.Min(cell, row.Length - from));
            for (int channel = 0; channel < channels; channel++)
            {
                uint sum = 0;
                for (int i = channel; i < pixels.Length; i += channels)
                {
                    sum += pixels[i];
                }

                sums[target + channel] += sum;
            }
        }
    }

    private void Divide(ReadOnlySpan<ulong> sums, int rows, Span<byte> target, int channels)
    {
        long full = (long)FactorX * rows;
        long last = (long)(Right - Left - (Width - 1) * FactorX) * rows;
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = Mean(sums[i], (ulong)(i < target.Length - channels ? full : last));
        }
    }

    private static byte Mean(ulong sum, ulong count)
    {
        ulong rounded = sum + count / 2;
        if (count >= 1 << 24)
        {
            return (byte)(rounded / count); // Pillow's 32-bit arithmetic would overflow here.
        }

        // 2^24 / count, in the single precision of the original.
        uint reciprocal = (uint)(4294967296f / (256 * (uint)count));
        return (byte)(((uint)rounded * reciprocal) >> 24);
    }
}

/// <summary>Picks the source pixel under the centre of each target pixel; see <c>ImagingScaleAffine</c> in Pillow.</summary>
internal static class NearestResampler
{
    public static void Run<TSink>(in PixelView source, in ResampleAxisKey columns, in ResampleAxisKey rows, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        int channels = source.Channels;
        using var positions = new Scratch<int>(checked(columns.Count + rows.Count));
        using var buffer = new Scratch<byte>(checked(columns.Count * channels));
        Span<int> xs = positions.Span[..columns.Count];
        Span<int> ys = positions.Span[columns.Count..];
        Locate(columns, xs);
        Locate(rows, ys);
        Span<byte> target = buffer.Span;
        for (int y = 0; y < ys.Length; y++)
        {
            ReadOnlySpan<byte> row = source.Row(ys[y], 0, source.Width);
            for (int x = 0; x < xs.Length; x++)
            {
                for (int channel = 0; channel < channels; channel++)
                {
                    target[x * channels + channel] = row[xs[x] * channels + channel];
                }
            }

            sink.Write(y, target);
        }
    }

    private static void Locate(in ResampleAxisKey axis, Span<int> positions)
    {
        // Pillow adds the step up, and so do we: a product would round differently.
        double step = (double)(axis.High - axis.Low) / axis.TargetSize;
        double position = axis.Low + step * 0.5;
        for (int i = 0; i < axis.First; i++)
        {
            position += step;
        }

        foreach (ref int target in positions)
        {
            target = Math.Min((int)position, axis.SourceSize - 1);
            position += step;
        }
    }
}
