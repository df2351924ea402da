
namespace SafeVision.Imaging;

/// <summary>Picks the source pixel under the centre of each target pixel; see <c>ImagingScaleAffine</c> in Pillow.</summary>
internal static class NearestResampler
{
    public static void Run<TSink>(in PixelView source, in ResampleAxisKey columns, in ResampleAxisKey rows, ref TSink sink)
        where TSink : IResampleRowSink, allows ref struct
    {
        int channels = source.Channels;
        int[] positions = ScratchPool<int>.Rent(checked(columns.Count + rows.Count));
        byte[] buffer = ScratchPool<byte>.Rent(checked(columns.Count * channels));
        try
        {
            Span<int> xs = positions.AsSpan(0, columns.Count);
            Span<int> ys = positions.AsSpan(columns.Count, rows.Count);
            Locate(columns, xs);
            Locate(rows, ys);
            Span<byte> target = buffer.AsSpan(0, columns.Count * channels);
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
        finally
        {
            ScratchPool<int>.Return(positions);
            ScratchPool<byte>.Return(buffer);
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
