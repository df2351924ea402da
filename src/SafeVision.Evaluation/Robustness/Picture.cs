namespace SafeVision.Evaluation.Robustness;

/// <summary>Upright RGB pixels, packed, rows from the top.</summary>
internal sealed class Picture
{
    public Picture(int width, int height, byte[] pixels) => (Width, Height, Pixels) = (width, height, pixels);

    public Picture(int width, int height)
        : this(width, height, new byte[checked(width * height * 3)])
    {
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] Pixels { get; }

    public int ShortSide => Math.Min(Width, Height);

    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * 3, Width * 3);

    public Span<byte> Row(int y, int left, int width) => Row(y).Slice(left * 3, width * 3);
}
