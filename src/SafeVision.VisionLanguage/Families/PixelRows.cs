using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>Packed pixels, RGB24 unless said otherwise.</summary>
internal readonly ref struct PackedPixels(ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout = PixelLayout.Rgb24)
{
    public PackedPixels(ImageFrame frame)
        : this(frame.Pixels, frame.Width, frame.Height)
    {
    }

    public ReadOnlySpan<byte> Pixels { get; } = pixels;

    public int Width { get; } = width;

    public int Height { get; } = height;

    public PixelLayout Layout { get; } = layout;
}

/// <summary>Keeps the rows of a resized picture.</summary>
internal readonly ref struct PixelRows(Span<byte> pixels, int stride) : IResampleRowSink
{
    private readonly Span<byte> _pixels = pixels;

    public void Write(int row, ReadOnlySpan<byte> pixels) => pixels.CopyTo(_pixels.Slice(row * stride, stride));
}
