using SafeVision.Imaging;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Frame = SixLabors.ImageSharp.ImageFrame<SixLabors.ImageSharp.PixelFormats.Rgba32>;

namespace SafeVision.ImageSharp;

/// <summary>Hands the frames that are judged to SafeVision, which turns them upright and into RGB24.</summary>
internal static class FrameConverter
{
    public static DecodedImage Convert(Image<Rgba32> image, EncodedImage encoded, ImageDecodeOptions options, CancellationToken cancellationToken)
    {
        // Of an animation that is cut there are fewer frames than its header says.
        TimeSpan[] durations = [.. image.Frames.Select(frame => Duration(frame, encoded.Format))];
        IReadOnlyList<int> chosen = encoded.Choose(durations, options.MaxSampledFrames);
        using var assembly = new FrameAssembly(encoded, options);
        foreach (int index in chosen)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan timestamp = durations[..index].Aggregate(TimeSpan.Zero, (sum, duration) => sum + duration);
            Add(assembly, image.Frames[index], index, timestamp, chosen.Count);
        }

        return assembly.Build(durations.Length);
    }

    private static void Add(FrameAssembly assembly, Frame frame, int index, TimeSpan timestamp, int chosen)
    {
        int stride = frame.Width * 4;
        using IMemoryOwner<byte> rgba = MemoryPool<byte>.Shared.Rent(stride * frame.Height);
        frame.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                MemoryMarshal.AsBytes(rows.GetRowSpan(y)).CopyTo(rgba.Memory.Span[(y * stride)..]);
            }
        });
        assembly.Add(index, timestamp, frame.Width, frame.Height, rgba.Memory, chosen);
    }

    private static TimeSpan Duration(Frame frame, ImageFormat format) => format switch
    {
        ImageFormat.Gif => TimeSpan.FromMilliseconds(10L * frame.Metadata.GetGifMetadata().FrameDelay),
        ImageFormat.WebP => TimeSpan.FromMilliseconds(frame.Metadata.GetWebpMetadata().FrameDelay),
        ImageFormat.Png when frame.Metadata.GetPngMetadata().FrameDelay is { Denominator: > 0 } delay => TimeSpan.FromSeconds(delay.Numerator / (double)delay.Denominator),
        _ => TimeSpan.Zero,
    };
}
