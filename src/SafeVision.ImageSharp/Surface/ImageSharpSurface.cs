// What SafeVision.ImageSharp uses of SixLabors.ImageSharp 3.1, as declarations without bodies worth having. The default build
// compiles against them, so that the adapter never falls behind the core, without restoring the package; nothing here ships.
// With -p:ImageSharp=true this file is left out and the package takes its place.
#pragma warning disable CA1822 // Members are instance members there.
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;

namespace SixLabors.ImageSharp
{
    internal delegate void PixelAccessorAction<TPixel>(PixelAccessor<TPixel> pixelAccessor) where TPixel : unmanaged, IPixel<TPixel>;

    internal readonly record struct Size(int Width, int Height);

    internal readonly record struct Rational(uint Numerator, uint Denominator);

    internal sealed class Configuration
    {
        public int MaxDegreeOfParallelism { get; set; }
    }

    internal sealed class Image<TPixel> : IDisposable where TPixel : unmanaged, IPixel<TPixel>
    {
        public IReadOnlyList<ImageFrame<TPixel>> Frames => [];

        public void Dispose()
        {
        }
    }

    internal sealed class ImageFrame<TPixel> where TPixel : unmanaged, IPixel<TPixel>
    {
        public int Width => 0;

        public int Height => 0;

        public ImageFrameMetadata Metadata => new();

        public void ProcessPixelRows(PixelAccessorAction<TPixel> processPixels) => processPixels(default);
    }

    internal readonly ref struct PixelAccessor<TPixel> where TPixel : unmanaged, IPixel<TPixel>
    {
        public int Height => 0;

        public Span<TPixel> GetRowSpan(int rowIndex) => [];
    }

    internal static class MetadataExtensions
    {
        public static GifFrameMetadata GetGifMetadata(this ImageFrameMetadata source) => new();

        public static PngFrameMetadata GetPngMetadata(this ImageFrameMetadata source) => new();

        public static WebpFrameMetadata GetWebpMetadata(this ImageFrameMetadata source) => new();
    }
}

namespace SixLabors.ImageSharp.Metadata
{
    internal sealed class ImageFrameMetadata;
}

namespace SixLabors.ImageSharp.Memory
{
    internal sealed class InvalidMemoryOperationException : InvalidOperationException;
}

namespace SixLabors.ImageSharp.PixelFormats
{
    internal interface IPixel<TSelf> where TSelf : unmanaged, IPixel<TSelf>;

    internal readonly record struct Rgba32(byte R, byte G, byte B, byte A) : IPixel<Rgba32>;
}

namespace SixLabors.ImageSharp.Formats
{
    internal sealed class DecoderOptions
    {
        public Configuration? Configuration { get; init; }
        public uint MaxFrames { get; init; }
        public bool SkipMetadata { get; init; }
        public Size? TargetSize { get; init; }
    }

    internal abstract class ImageDecoder
    {
        public Task<Image<TPixel>> DecodeAsync<TPixel>(DecoderOptions options, Stream stream, CancellationToken cancellationToken = default)
            where TPixel : unmanaged, IPixel<TPixel> => Task.FromException<Image<TPixel>>(new NotSupportedException());
    }
}

namespace SixLabors.ImageSharp.Formats.Bmp
{
    internal sealed class BmpDecoder : ImageDecoder
    {
        public static BmpDecoder Instance { get; } = new();
    }
}

namespace SixLabors.ImageSharp.Formats.Gif
{
    internal sealed class GifDecoder : ImageDecoder
    {
        public static GifDecoder Instance { get; } = new();
    }

    internal sealed class GifFrameMetadata
    {
        public int FrameDelay { get; set; }
    }
}

namespace SixLabors.ImageSharp.Formats.Jpeg
{
    internal enum JpegDecoderResizeMode
    {
        Combined,
        IdctOnly,
        ScaleOnly,
    }

    internal sealed class JpegDecoderOptions
    {
        public DecoderOptions? GeneralOptions { get; init; }
        public JpegDecoderResizeMode ResizeMode { get; init; }
    }

    internal sealed class JpegDecoder : ImageDecoder
    {
        public static JpegDecoder Instance { get; } = new();

        public Task<Image<TPixel>> DecodeAsync<TPixel>(JpegDecoderOptions options, Stream stream, CancellationToken cancellationToken = default)
            where TPixel : unmanaged, IPixel<TPixel> => Task.FromException<Image<TPixel>>(new NotSupportedException());
    }
}

namespace SixLabors.ImageSharp.Formats.Png
{
    internal sealed class PngDecoder : ImageDecoder
    {
        public static PngDecoder Instance { get; } = new();
    }

    internal sealed class PngFrameMetadata
    {
        public Rational FrameDelay { get; set; }
    }
}

namespace SixLabors.ImageSharp.Formats.Tiff
{
    internal sealed class TiffDecoder : ImageDecoder
    {
        public static TiffDecoder Instance { get; } = new();
    }
}

namespace SixLabors.ImageSharp.Formats.Webp
{
    internal sealed class WebpDecoder : ImageDecoder
    {
        public static WebpDecoder Instance { get; } = new();
    }

    internal sealed class WebpFrameMetadata
    {
        public uint FrameDelay { get; set; }
    }
}
