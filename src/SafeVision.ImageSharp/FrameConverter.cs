using System.Runtime.InteropServices;
using SafeVision.Imaging;
using SafeVision.Imaging.Formats;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Frame = SixLabors.ImageSharp.ImageFrame<SixLabors.ImageSharp.PixelFormats.Rgba32>;
using ImageFrame = SafeVision.Imaging.ImageFrame;

namespace SafeVision.ImageSharp;

/// <summary>Turns the frames that are sampled upright and into RGB24.</summary>
internal static class FrameConverter
{
    public static DecodedImage Convert(Image<Rgba32> image, EncodedImage encoded, ColorConversion color, ImageDecodeOptions options, DecodeClock clock)
    {
        // Of an animation that is cut there are fewer frames than its header says.
        int count = image.Frames.Count;
        int[] chosen = Choose(image, encoded.Format, options.MaxSampledFrames);
        var frames = new List<ImageFrame>(chosen.Length);
        List<ImageFrame>? others = null;
        try
        {
            var timestamp = TimeSpan.Zero;
            int counted = 0;
            foreach (int index in chosen)
            {
                clock.Check();
                for (; counted < index; counted++)
                {
                    timestamp += Duration(image.Frames[counted], encoded.Format);
                }

                frames.Add(Upright(image.Frames[index], index, timestamp, encoded, color, chosen.Length, options, ref others));
            }

            (int width, int height) = UprightWriter.Swaps(encoded.Orientations[0]) ? (encoded.Height, encoded.Width) : (encoded.Width, encoded.Height);
            return new DecodedImage(encoded.Format, width, height, count, frames, others);
        }
        catch
        {
            frames.ForEach(frame => frame.Release());
            others?.ForEach(frame => frame.Release());
            throw;
        }
    }

    private static int[] Choose(Image<Rgba32> image, ImageFormat format, int most)
    {
        int count = image.Frames.Count, samples = Math.Min(count, most);
        return format == ImageFormat.Tiff
            ? [.. Enumerable.Range(0, samples).Select(sample => FrameSampling.IndexOf(sample, samples, count))]
            : new FrameSampling([.. image.Frames.Select(frame => Duration(frame, format))]).Choose(new FrameLook?[count], most);
    }

    private static ImageFrame Upright(
        Frame frame, int index, TimeSpan timestamp, EncodedImage encoded, ColorConversion color, int chosen, ImageDecodeOptions options, ref List<ImageFrame>? others)
    {
        Orientation orientation = encoded.Orientations[Math.Min(index, encoded.Frames - 1)];
        (int width, int height) = (frame.Width, frame.Height);
        using PixelBuffer rgba = PixelBuffer.Rent(width * height * 4);
        frame.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++)
            {
                MemoryMarshal.AsBytes(rows.GetRowSpan(y)).CopyTo(rgba.Span[(y * width * 4)..]);
            }
        });
        bool hasAlpha = encoded.HasAlpha && !(encoded.Format == ImageFormat.Bmp && StillDecoder.IsBlank(rgba.Span));
        var writer = new UprightWriter(width, height, orientation, hasAlpha ? options.Background ?? RgbColor.White : null);
        if (color.IsDoubtful)
        {
            PixelBuffer stored = PixelBuffer.Rent(width * height * 3);
            writer.Write(rgba.Span, width * 4, 0, stored.Span);
            (others ??= []).Add(new ImageFrame(index, timestamp, writer.Width, writer.Height, stored) { Rendering = ImageRendering.ColorsAsStored });
        }

        color.Apply(rgba.Span, width, height);
        if (hasAlpha)
        {
            OtherRenderings.AddGrounds(
                ref others, new FramePlace(index, timestamp, writer.Width, writer.Height), rgba.Span, width * 4, (width, height),
                encoded.Format is ImageFormat.Bmp or ImageFormat.Tiff, chosen, options,
                (ground, rgb) => new UprightWriter(width, height, orientation, ground).Write(rgba.Span, width * 4, 0, rgb));
        }

        PixelBuffer pixels = PixelBuffer.Rent(width * height * 3);
        writer.Write(rgba.Span, width * 4, 0, pixels.Span);
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
