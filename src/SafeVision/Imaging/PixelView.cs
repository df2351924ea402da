using System.Runtime.InteropServices;

namespace SafeVision.Imaging;

/// <summary>A rectangle of pixels inside a larger picture; the first byte is that of the rectangle's top left pixel.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct PixelView(ReadOnlySpan<byte> pixels, nint stride, int width, int height, PixelLayout layout)
{
    public ReadOnlySpan<byte> Pixels { get; } = pixels;

    /// <summary>Bytes from a pixel to the one below it.</summary>
    public nint Stride { get; } = stride;

    public int Width { get; } = width;

    public int Height { get; } = height;

    public PixelLayout Layout { get; } = layout;

    public int Channels => (int)Layout;

    public bool HasAlpha => Layout is PixelLayout.GrayAlpha16 or PixelLayout.Rgba32;

    public ReadOnlySpan<byte> Row(int row, int firstColumn, int columns) =>
        Pixels.Slice(checked((int)(row * Stride)) + firstColumn * Channels, columns * Channels);
}
