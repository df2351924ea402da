using SafeVision.Imaging;

namespace SafeVision.Models.Families;

/// <summary>Keeps the rows of a resized picture.</summary>
internal readonly ref struct PixelRows(Span<byte> pixels, int stride) : IResampleRowSink
{
    private readonly Span<byte> _pixels = pixels;

    public void Write(int row, ReadOnlySpan<byte> pixels) => pixels.CopyTo(_pixels.Slice(row * stride, stride));
}
