namespace SafeVision.Imaging;

/// <summary>The default decoder: PNG, JPEG, WebP, GIF and BMP by Skia, TIFF by LibTiff.NET, each only after the file's header was
/// read here and found within the limits.</summary>
/// <remarks>Thread-safe and stateless; one instance serves a host. Pixels equal Pillow's: EXIF orientation is applied, alpha is
/// composited as by Image.alpha_composite, CMYK without a profile is converted plainly. Unlike Pillow, colors are converted to sRGB
/// by what the file says about them, as browsers do: an ICC profile for its kind of pixels, a PNG's cICP, gAMA and cHRM.</remarks>
/// <param name="timeProvider">The clock for <see cref="ImageLimits.MaxTime"/>; null for the system's.</param>
public sealed class SkiaImageDecoder(TimeProvider? timeProvider = null) : IImageDecoder
{
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;

    /// <inheritdoc/>
    public async ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        if (source.Pixels is { } pixels)
        {
            return DecodedImage.FromPixels(pixels, options);
        }

        using ImageBytes bytes = await source.ReadAsync(options.Limits.MaxBytes, cancellationToken).ConfigureAwait(false);
        ImageFormat format = ImageFormatSniffer.Sniff(bytes.Memory.Span);
        var clock = new DecodeClock(_time, format, options.Limits.MaxTime, cancellationToken);
        DecodedImage image = Decode(bytes.Memory, format, options, clock, hasStoredColors: false);
        return image.HasDoubtfulColors ? JudgeStoredColors(image, bytes.Memory, format, options, clock) : image;
    }

    // Viewers that follow what the file says about its colors show one image, and those that do not may show another.
    private static DecodedImage JudgeStoredColors(DecodedImage image, ReadOnlyMemory<byte> file, ImageFormat format, ImageDecodeOptions options, DecodeClock clock)
    {
        try
        {
            ImageDecodeOptions once = options.ForShortSide(options.TargetShortSide);
            once.Background ??= RgbColor.White;
            return OtherRenderings.WithStoredColors(image, Decode(file, format, once, clock, hasStoredColors: true));
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageFormat format, ImageDecodeOptions options, DecodeClock clock, bool hasStoredColors)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        ImageLimits limits = options.Limits;
        if (format == ImageFormat.Tiff)
        {
            return TiffDecoder.Decode(file, TiffHeader.Read(bytes, limits), options, clock, hasStoredColors);
        }

        if (format == ImageFormat.Jpeg)
        {
            ImageHeader jpeg = JpegHeader.Read(bytes, limits, out JpegLayout layout);
            return JpegDecoder.Decode(file, Colored(jpeg, hasStoredColors), layout, options, clock);
        }

        ImageHeader header = Colored(ImageHeader.Read(format, bytes, limits), hasStoredColors);
        return format switch
        {
            ImageFormat.Png when header.Frames > 1 => ApngDecoder.Decode(file, header, options, clock),
            ImageFormat.Gif => AnimationDecoder.Decode(file, format, header, options, clock),
            ImageFormat.WebP when header.Frames > 1 => AnimationDecoder.Decode(file, format, header, options, clock),
            _ => StillDecoder.Decode(file, format, header, options),
        };
    }

    private static ImageHeader Colored(in ImageHeader header, bool hasStoredColors) =>
        hasStoredColors ? header with { Color = ColorInformation.Ignored } : header;
}

/// <summary>Turns an untrusted image into upright RGB pixels, or refuses it.</summary>
/// <remarks>Implementations are thread-safe, keep no state of an image, and treat every byte as hostile: for any input they return
/// or throw <see cref="ImageRejectedException"/>, within the limits of the options. Decoding runs on the calling thread. The result
/// belongs to the caller, who disposes it; the source stays the caller's, but a stream that was not to be left open is closed once
/// read.</remarks>
public interface IImageDecoder
{
    /// <summary>Reads and decodes an image.</summary>
    /// <param name="source">The image.</param>
    /// <param name="options">Limits, target size, background and sampling.</param>
    /// <param name="cancellationToken">Stops the reading, and the decoding between rows or frames.</param>
    /// <returns>Sampled frames, at least one, upright and in sRGB.</returns>
    /// <exception cref="ImageRejectedException">The image is unsupported, truncated, too large, corrupt or unreadable.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken);
}
