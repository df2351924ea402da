using System.Runtime.InteropServices;
using SafeVision.Imaging;
using SafeVision.Imaging.Decoding;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Frame = SixLabors.ImageSharp.ImageFrame<SixLabors.ImageSharp.PixelFormats.Rgba32>;
using ImageFrame = SafeVision.Imaging.ImageFrame;

namespace SafeVision.ImageSharp;

/// <summary>Turns the frames that are sampled upright and into RGB24.</summary>
internal static class FrameConverter
{
    public static DecodedImage Convert(Image<Rgba32> image, EncodedImage encoded, ImageDecodeOptions options, DecodeClock clock)
    {
        // Of an animation that is cut there are fewer frames than its header says.
        int count = image.Frames.Count;
        int samples = FrameSampling.Count(count, options.MaxSampledFrames);
        var frames = new List<ImageFrame>(samples);
        try
        {
            var timestamp = TimeSpan.Zero;
            for (int sample = 0, counted = 0; sample < samples; sample++)
            {
                clock.Check();
                int index = FrameSampling.IndexOf(sample, samples, count);
                for (; counted < index; counted++)
                {
                    timestamp += Duration(image.Frames[counted], encoded.Format);
                }

                frames.Add(Upright(image.Frames[index], index, timestamp, encoded, options));
            }

            (int width, int height) = UprightWriter.Swaps(encoded.Orientations[0]) ? (encoded.Height, encoded.Width) : (encoded.Width, encoded.Height);
            return new DecodedImage(encoded.Format, width, height, count, frames);
        }
        catch
        {
            frames.ForEach(frame => frame.Release());
            throw;
        }
    }

    private static ImageFrame Upright(Frame frame, int index, TimeSpan timestamp, EncodedImage encoded, ImageDecodeOptions options)
    {
        Orientation orientation = encoded.Orientations[Math.Min(index, encoded.Frames - 1)];
        var writer = new UprightWriter(frame.Width, frame.Height, orientation, encoded.HasAlpha ? options.Background : null);
        PixelBuffer pixels = PixelBuffer.Rent(frame.Width * frame.Height * 3);
        frame.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                writer.Write(MemoryMarshal.AsBytes(rows.GetRowSpan(y)), frame.Width * 4, y, pixels.Span);
            }
        });
        return new ImageFrame(index, timestamp, writer.Width, writer.Height, pixels);
    }

    private static TimeSpan Duration(Frame frame, ImageFormat format) => format switch
    {
        ImageFormat.Gif => TimeSpan.FromMilliseconds(10L * frame.Metadata.GetGifMetadata().FrameDelay),
        ImageFormat.WebP => TimeSpan.FromMilliseconds(frame.Metadata.GetWebpMetadata().FrameDelay),
        ImageFormat.Png when frame.Metadata.GetPngMetadata().FrameDelay is { Denominator: > 0 } delay => TimeSpan.FromSeconds(delay.Numerator / (double)delay.Denominator),
        _ => TimeSpan.Zero,
    };
}
