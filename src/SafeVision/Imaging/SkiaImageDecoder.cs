using SafeVision.Imaging.Decoding;
using SafeVision.Imaging.Formats;

namespace SafeVision.Imaging;

/// <summary>
/// The default decoder: PNG, JPEG, WebP, GIF and BMP by Skia, TIFF by LibTiff.NET, each only after the file's header was
/// read here and found within the limits.
/// </summary>
/// <remarks>
/// Thread-safe and stateless; one instance serves a host. Pixels equal Pillow's: EXIF orientation is applied, alpha is
/// composited as by Image.alpha_composite, CMYK is converted without a profile. Unlike Pillow, colours with an RGB profile are
/// converted to sRGB.
/// </remarks>
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
        return Decode(bytes.Memory, options, cancellationToken);
    }

    private DecodedImage Decode(ReadOnlyMemory<byte> file, ImageDecodeOptions options, CancellationToken cancellationToken)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        ImageLimits limits = options.Limits;
        ImageFormat format = ImageFormatSniffer.Sniff(bytes);
        var clock = new DecodeClock(_time, format, limits.MaxTime, cancellationToken);
        switch (format)
        {
            case ImageFormat.Jpeg:
                ImageHeader jpeg = JpegHeader.Read(bytes, limits, out JpegLayout layout);
                return JpegDecoder.Decode(file, jpeg, layout, options, clock);
            case ImageFormat.Png:
                ImageHeader png = PngHeader.Read(bytes, limits);
                return png.Frames > 1
                    ? ApngDecoder.Decode(file, png, options, clock)
                    : StillDecoder.Decode(file, format, png, options);
            case ImageFormat.Bmp:
                return StillDecoder.Decode(file, format, BmpHeader.Read(bytes, limits), options);
            case ImageFormat.WebP:
                ImageHeader webp = WebPHeader.Read(bytes, limits);
                return webp.Frames > 1
                    ? AnimationDecoder.Decode(file, format, webp, options, clock)
                    : StillDecoder.Decode(file, format, webp, options);
            case ImageFormat.Gif:
                return AnimationDecoder.Decode(file, format, GifHeader.Read(bytes, limits), options, clock);
            default:
                return TiffDecoder.Decode(file, TiffHeader.Read(bytes, limits), options, clock);
        }
    }
}
