using SafeVision.Imaging;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Tiff;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using Configuration = SixLabors.ImageSharp.Configuration;
using IImageDecoder = SafeVision.Imaging.IImageDecoder;
using Size = SixLabors.ImageSharp.Size;

namespace SafeVision.ImageSharp;

/// <summary>Decodes PNG (animated ones too), JPEG, WebP, GIF, BMP and TIFF with SixLabors.ImageSharp, each only after SafeVision
/// read the file's header and found it within the limits.</summary>
/// <remarks>
/// <para>Thread-safe and stateless; one instance serves a host. Decoding runs on the calling thread.</para>
/// <para>
/// It differs from <see cref="SkiaImageDecoder"/> in this. ImageSharp 3.1 does not convert color profiles: that is done after
/// it, except for TIFF and for profiles that work by tables, as those for CMYK do. It upsamples the chroma of a JPEG more
/// coarsely. All frames of an animation and all pages of a TIFF are decoded, so that together they must be within
/// <see cref="ImageLimits.MaxPixels"/>; the pages must be of one size. A PNG or GIF whose compressed data end early is not
/// refused: what there is of it is judged, as viewers show it. A frame larger than its GIF's screen is cut at the screen.
/// </para>
/// </remarks>
/// <param name="timeProvider">The clock for <see cref="ImageLimits.MaxTime"/>; null for the system's.</param>
public sealed class ImageSharpImageDecoder(TimeProvider? timeProvider = null) : IImageDecoder
{
    // No format is looked for: the decoder is chosen by SafeVision's own reading of the first bytes.
    private static readonly Configuration Sequential = new() { MaxDegreeOfParallelism = 1 };

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
        EncodedImage encoded = Read(bytes.Memory, options.Limits);
        using var limit = new CancellationTokenSource(options.Limits.MaxTime ?? Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using MemoryStream stream = Open(bytes.Memory);
            using SixLabors.ImageSharp.Image<Rgba32> image = await Load(encoded, options, stream, either.Token).ConfigureAwait(false);
            return FrameConverter.Convert(image, encoded, options, either.Token);
        }
        catch (Exception error) when (error is not (ImageRejectedException or OutOfMemoryException))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw limit.IsCancellationRequested
                ? new ImageRejectedException(ImageRejectionReason.TooLarge, $"{encoded.Format}: decoding was not done after {options.Limits.MaxTime?.TotalSeconds:0.0} s (ImageLimits.MaxTime).", error)
                : Refusal(encoded.Format, error);
        }
    }

    private static EncodedImage Read(ReadOnlyMemory<byte> file, ImageLimits limits)
    {
        EncodedImage encoded = EncodedImage.Read(file, limits);
        if (!encoded.IsUniform)
        {
            throw new ImageRejectedException(ImageRejectionReason.Unsupported, $"{encoded.Format}: its pages are of different sizes, or lie below others, which ImageSharp does not decode.");
        }

        long sum = (long)encoded.Width * encoded.Height * encoded.FrameCount;
        return sum <= limits.MaxPixels
            ? encoded
            : throw new ImageRejectedException(
                ImageRejectionReason.TooLarge,
                $"{encoded.Format}: {encoded.FrameCount} frames of {encoded.Width}x{encoded.Height} are {sum} pixels, and ImageSharp decodes all of them; the limit is {limits.MaxPixels} (ImageLimits.MaxPixels).");
    }

    /// <summary>The size to decode a JPEG to where that is enough; null for the full size.</summary>
    private static Size? ReducedSize(EncodedImage encoded, int? targetShortSide)
    {
        int scale = 1;
        while (encoded.Format == ImageFormat.Jpeg && scale < 8 && Math.Min(encoded.Width, encoded.Height) / (scale * 2) >= 2L * targetShortSide)
        {
            scale *= 2;
        }

        return scale == 1 ? null : new Size(encoded.Width / scale, encoded.Height / scale);
    }

    private static async Task<SixLabors.ImageSharp.Image<Rgba32>> Load(
        EncodedImage encoded, ImageDecodeOptions options, MemoryStream stream, CancellationToken cancellationToken)
    {
        // Metadata are skipped, since profiles and texts can be bombs too; what matters of them the header told.
        var general = new DecoderOptions
        {
            Configuration = Sequential,
            MaxFrames = (uint)encoded.FrameCount + (encoded.Format == ImageFormat.Png ? 1u : 0u), // Of a PNG's it leaves the last out.
            SkipMetadata = true,
            TargetSize = ReducedSize(encoded, options.TargetShortSide),
        };
        if (encoded.Format == ImageFormat.Jpeg)
        {
            var scaled = new JpegDecoderOptions { GeneralOptions = general, ResizeMode = JpegDecoderResizeMode.IdctOnly };
            return await JpegDecoder.Instance.DecodeAsync<Rgba32>(scaled, stream, cancellationToken).ConfigureAwait(false);
        }

        ImageDecoder decoder = encoded.Format switch
        {
            ImageFormat.Png => PngDecoder.Instance,
            ImageFormat.WebP => WebpDecoder.Instance,
            ImageFormat.Gif => GifDecoder.Instance,
            ImageFormat.Bmp => BmpDecoder.Instance,
            _ => TiffDecoder.Instance,
        };
        return await decoder.DecodeAsync<Rgba32>(general, stream, cancellationToken).ConfigureAwait(false);
    }

    // A memory stream is decoded in place; any other would be copied.
    private static MemoryStream Open(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);

    // What a decoder throws on hostile bytes can be anything.
    private static ImageRejectedException Refusal(ImageFormat format, Exception error)
    {
        ImageRejectionReason reason = error switch
        {
            NotSupportedException => ImageRejectionReason.Unsupported,
            InvalidMemoryOperationException => ImageRejectionReason.TooLarge,
            EndOfStreamException or { InnerException: EndOfStreamException } => ImageRejectionReason.Truncated,
            _ => ImageRejectionReason.Corrupt,
        };
        return new ImageRejectedException(reason, $"{format}: ImageSharp does not decode it: {error.Message.TrimEnd('.')}.", error);
    }
}
