namespace SafeVision.Imaging;

/// <summary>About how much memory an image takes while it is decoded, told from its header before a pixel is allocated.</summary>
internal static class DecodedSize
{
    private const int BytesPerPixel = 4; // a decoder holds a pixel as red, green, blue and alpha

    /// <summary>Bytes for the frames that are sampled; 0 where the header is refused, for then nothing is decoded.</summary>
    public static long Estimate(ImageSource source, ReadOnlyMemory<byte> file, ImageDecodeOptions options)
    {
        try
        {
            return BytesPerPixel * (source.Pixels is { } pixels ? (long)pixels.Width * pixels.Height : Pixels(file.Span, options));
        }
        catch (ImageRejectedException)
        {
            return 0;
        }
    }

    private static long Pixels(ReadOnlySpan<byte> file, ImageDecodeOptions options)
    {
        ImageLimits limits = options.Limits;
        ImageFormat format = ImageFormatSniffer.Sniff(file);
        if (format == ImageFormat.Tiff)
        {
            return Math.Min(limits.MaxPixels, TiffHeader.Read(file, limits).Sum(page => (long)page.Width * page.Height));
        }

        if (format == ImageFormat.Jpeg)
        {
            (int width, int height) = JpegSize(file);
            int scale = JpegDecoder.Reduction(width, height, options.TargetShortSide); // it makes no more pixels than the models need
            return (long)width * height / (scale * scale);
        }

        ImageHeader header = ImageHeader.Read(format, file, limits);
        return Math.Min(limits.MaxPixels, (long)header.Width * header.Height * Math.Min(header.Frames, options.MaxSampledFrames));
    }

    /// <summary>The size that the first frame header states; whether the rest of the file is sound is the decoder's to check.</summary>
    private static (int Width, int Height) JpegSize(ReadOnlySpan<byte> file)
    {
        var segments = new JpegSegments(file);
        while (segments.MoveNext())
        {
            if (JpegMarkers.BeginsFrame(segments.Marker))
            {
                ReadOnlySpan<byte> frame = segments.Content;
                return frame.Length < 5 ? default : ((frame[3] << 8) | frame[4], (frame[1] << 8) | frame[2]);
            }
        }

        return default;
    }
}
