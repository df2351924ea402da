namespace SafeVision.Imaging;

/// <summary>Runs the two passes of a resize: rows along x, rounded to bytes, then columns along y, as Pillow does. The rows pass
/// through a buffer of a fixed budget, so memory does not grow with the image's height.</summary>
internal static unsafe class SeparableResampler
{
    // Half of a small second-level cache: rows that the second pass reads several times stay close.
    private const int BlockBytes = 128 * 1024;
    private const int MinimumBlockRows = 16;
    private const int StagedRows = 4;
    private const int Alignment = 64;

    public static void Run<TSink>(in PixelView source, ResampleAxis columns, ResampleAxis rows, ResampleKernel kernel, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        int rowBytes = columns.Count * source.Channels;
        int rowStride = Align(rowBytes + sizeof(uint));
        int sourceRows = rows.End - rows.First;
        int blockRows = Math.Min(sourceRows, Math.Max(BlockBytes / rowStride, MinimumBlockRows));
        int stagedStride = columns.IsShift ? 0 : Align((columns.End - columns.First) * source.Channels + ResampleKernel.Slack);
        // Target rows whose source rows straddle two blocks keep their sums in between.
        int carried = rows.IsShift || blockRows == sourceRows ? 0 : Math.Min(rows.MaximumOverlap, rows.Count);

        using var bytes = new Scratch<byte>(checked((blockRows + 1) * rowStride + StagedRows * stagedStride + Alignment));
        using var sums = new Scratch<int>(checked(carried * rowStride));
        fixed (byte* pixels = source.Pixels, unaligned = bytes.Span)
        fixed (int* carriedSums = sums.Span)
        {
            byte* block = (byte*)((nuint)(unaligned + Alignment - 1) / Alignment * Alignment);
            byte* output = block + (nint)blockRows * rowStride;
            var pass = new RowPass(pixels, output + rowStride, stagedStride, columns, kernel);
            int done = 0;
            for (int first = rows.First; first < rows.End; first += blockRows)
            {
                int end = Math.Min(first + blockRows, rows.End);
                pass.Run(source, first, end - first, block, rowStride);
                if (rows.IsShift)
                {
                    for (byte* row = block; done < end - rows.First; done++, row += rowStride)
                    {
                        Finish(source, done, new Span<byte>(row, rowBytes), ref sink);
                    }

                    continue;
                }

                for (int y = done; y < rows.Count && rows.Starts[y] < end; y++)
                {
                    int from = Math.Max(rows.Starts[y], first);
                    int to = Math.Min(rows.Ends[y], end);
                    bool isLast = to == rows.Ends[y];
                    fixed (short* low = rows.Low, high = rows.High)
                    {
                        nint weight = (nint)y * rows.Stride + (from - rows.Starts[y]);
                        kernel.CombineRows(
                            block + (nint)(from - first) * rowStride, rowStride, low + weight, high + weight, to - from,
                            carried == 0 ? null : carriedSums + (nint)(y % carried) * rowStride, output, rowStride,
                            isFirst: from == rows.Starts[y], isLast);
                    }

                    if (isLast)
                    {
                        Finish(source, y, new Span<byte>(output, rowBytes), ref sink);
                        done++;
                    }
                }
            }
        }
    }

    private static void Finish<TSink>(in PixelView source, int row, Span<byte> pixels, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        if (source.HasAlpha)
        {
            AlphaPremultiplication.Divide(pixels, source.Channels);
        }

        sink.Write(row, pixels);
    }

    private static int Align(int bytes) => checked(bytes + Alignment - 1) / Alignment * Alignment;

    /// <summary>The first pass, for some of the rows.</summary>
    private readonly struct RowPass(byte* pixels, byte* staged, int stagedStride, ResampleAxis columns, ResampleKernel kernel)
    {
        public void Run(in PixelView source, int first, int count, byte* target, int targetStride)
        {
            if (columns.IsShift)
            {
                for (int row = 0; row < count; row++)
                {
                    Stage(source, first + row, target + (nint)row * targetStride);
                }

                return;
            }

            int direct = Math.Clamp(DirectRows(source) - first, 0, count);
            if (direct > 0)
            {
                kernel.ResampleRows(
                    pixels + first * source.Stride, source.Stride, 0, columns, source.Channels, target, targetStride, direct);
            }

            for (int row = direct; row < count; row += StagedRows)
            {
                int group = Math.Min(StagedRows, count - row);
                for (int i = 0; i < group; i++)
                {
                    Stage(source, first + row + i, staged + i * stagedStride);
                }

                kernel.ResampleRows(
                    staged, stagedStride, columns.First, columns, source.Channels, target + (nint)row * targetStride, targetStride, group);
            }
        }

        /// <summary>The number of leading rows that the kernel may read in place, slack and all.</summary>
        private int DirectRows(in PixelView source)
        {
            long spare = source.Pixels.Length - ResampleKernel.Slack - (long)columns.End * source.Channels;
            return source.HasAlpha || spare < 0 ? 0 : (int)Math.Min(spare / source.Stride + 1, source.Height);
        }

        private void Stage(in PixelView source, int row, byte* target)
        {
            ReadOnlySpan<byte> used = source.Row(row, columns.First, columns.End - columns.First);
            var copy = new Span<byte>(target, used.Length);
            if (source.HasAlpha)
            {
                AlphaPremultiplication.Multiply(used, copy, source.Channels);
            }
            else
            {
                used.CopyTo(copy);
            }
        }
    }
}

/// <summary>Straight alpha to premultiplied and back, rounded as Pillow's conversions RGBA → RGBa → RGBA are (<c>Convert.c</c>).
/// Color under transparent pixels must not bleed into its neighbours.</summary>
internal static class AlphaPremultiplication
{
    /// <summary>Multiplies all but the last of each group of <paramref name="channels"/> bytes by the last.</summary>
    public static void Multiply(ReadOnlySpan<byte> straight, Span<byte> premultiplied, int channels)
    {
        for (int i = 0; i + channels <= straight.Length; i += channels)
        {
            int alpha = straight[i + channels - 1];
            for (int channel = 0; channel < channels - 1; channel++)
            {
                int product = straight[i + channel] * alpha + 128;
                premultiplied[i + channel] = (byte)((product + (product >> 8)) >> 8);
            }

            premultiplied[i + channels - 1] = (byte)alpha;
        }
    }

    /// <summary>Divides all but the last of each group of <paramref name="channels"/> bytes by the last, in place.</summary>
    public static void Divide(Span<byte> pixels, int channels)
    {
        for (int i = 0; i + channels <= pixels.Length; i += channels)
        {
            int alpha = pixels[i + channels - 1];
            if (alpha is 0 or 255)
            {
                continue;
            }

            for (int channel = 0; channel < channels - 1; channel++)
            {
                pixels[i + channel] = (byte)Math.Min(255 * pixels[i + channel] / alpha, 255);
            }
        }
    }
}
