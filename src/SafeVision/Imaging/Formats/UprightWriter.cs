namespace SafeVision.Imaging.Formats;

/// <summary>Puts stored RGBA rows where they belong in an upright RGB24 image.</summary>
internal readonly struct UprightWriter
{
    // Turned images are written a block of rows at a time: sixteen pixels side by side fill a cache line of the target.
    private const int BlockRows = 16;

    private readonly int _storedWidth;
    private readonly Orientation _orientation;
    private readonly RgbColor? _background;
    private readonly int _origin;
    private readonly int _stepX;
    private readonly int _stepY;

    /// <param name="background">What alpha is composited on; null where the fourth byte does not count.</param>
    public UprightWriter(int width, int height, Orientation orientation, RgbColor? background)
    {
        _storedWidth = width;
        _orientation = orientation;
        _background = background;
        (Width, Height) = Swaps(orientation) ? (height, width) : (width, height);

        // Where the stored pixel (x, y) goes, in pixels: origin + x · stepX + y · stepY.
        int right = Width - 1;
        int bottom = (Height - 1) * Width;
        (_origin, _stepX, _stepY) = orientation switch
        {
            Orientation.MirroredHorizontally => (right, -1, Width),
            Orientation.UpsideDown => (bottom + right, -1, -Width),
            Orientation.MirroredVertically => (bottom, 1, -Width),
            Orientation.Transposed => (0, Width, 1),
            Orientation.TurnRight => (right, Width, -1),
            Orientation.Transversed => (bottom + right, -Width, -1),
            Orientation.TurnLeft => (bottom, -Width, 1),
            _ => (0, 1, Width),
        };
    }

    public int Width { get; }

    public int Height { get; }

    public static bool Swaps(Orientation orientation) => orientation >= Orientation.Transposed;

    /// <summary>Writes stored rows, the first of them row <paramref name="y"/>.</summary>
    /// <param name="rgba">The rows.</param>
    /// <param name="stride">Bytes of a row; pixels beyond the stored width are left out.</param>
    /// <param name="y">Which row the first is.</param>
    public void Write(ReadOnlySpan<byte> rgba, int stride, int y, Span<byte> rgb)
    {
        int rows = rgba.Length / stride;
        if (_orientation == Orientation.Upright)
        {
            Convert(rgba, stride, rows, rgb.Slice(y * _storedWidth * 3, rows * _storedWidth * 3));
            return;
        }

        byte[] block = ScratchPool<byte>.Rent(BlockRows * _storedWidth * 3);
        for (int done = 0; done < rows; done += BlockRows)
        {
            int count = Math.Min(BlockRows, rows - done);
            Span<byte> converted = block.AsSpan(0, count * _storedWidth * 3);
            Convert(rgba[(done * stride)..], stride, count, converted);
            Scatter(converted, count, y + done, rgb);
        }

        ScratchPool<byte>.Return(block);
    }

    private void Convert(ReadOnlySpan<byte> rgba, int stride, int rows, Span<byte> rgb)
    {
        if (stride == _storedWidth * 4)
        {
            Convert(rgba[..(rows * stride)], rgb);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            Convert(rgba.Slice(row * stride, _storedWidth * 4), rgb.Slice(row * _storedWidth * 3, _storedWidth * 3));
        }
    }

    private void Convert(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        if (_background is { } background)
        {
            PixelConverter.Composite(rgba, background, rgb);
        }
        else
        {
            PixelConverter.Opaque(rgba, rgb);
        }
    }

    private void Scatter(ReadOnlySpan<byte> block, int rows, int y, Span<byte> rgb)
    {
        for (int x = 0; x < _storedWidth; x++)
        {
            for (int row = 0; row < rows; row++)
            {
                int from = ((row * _storedWidth) + x) * 3;
                int to = (_origin + (x * _stepX) + ((y + row) * _stepY)) * 3;
                rgb[to] = block[from];
                rgb[to + 1] = block[from + 1];
                rgb[to + 2] = block[from + 2];
            }
        }
    }
}

/// <summary>How a stored image is turned to stand upright: the values of EXIF tag 0x0112 (Exif 2.32, 4.6.4).</summary>
internal enum Orientation : byte
{
    Upright = 1,
    MirroredHorizontally = 2,
    UpsideDown = 3,
    MirroredVertically = 4,
    Transposed = 5,
    TurnRight = 6,
    Transversed = 7,
    TurnLeft = 8,
}

/// <summary>Finds the orientation in an Exif block (Exif 2.32, 4.6.4), which is a small TIFF. What does not parse is upright.</summary>
internal static class ExifOrientation
{
    private const ushort Tag = 0x0112;

    /// <param name="exif">The block, with or without the leading "Exif\0\0".</param>
    public static Orientation Read(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0\0"u8))
        {
            exif = exif[6..];
        }

        bool little = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!little && !exif.StartsWith("MM\0*"u8)))
        {
            return Orientation.Upright;
        }

        uint directory = UInt32(exif[4..], little);
        if (directory > exif.Length - 2)
        {
            return Orientation.Upright;
        }

        int entries = UInt16(exif[(int)directory..], little);
        ReadOnlySpan<byte> rest = exif[((int)directory + 2)..];
        for (int i = 0; i < entries && rest.Length >= 12; i++, rest = rest[12..])
        {
            if (UInt16(rest, little) == Tag)
            {
                return Of(UInt16(rest[2..], little), rest[8..12], little);
            }
        }

        return Orientation.Upright;
    }

    /// <summary>A value from 1 to 8 as it is, everything else upright.</summary>
    public static Orientation Of(long value) => value is >= 1 and <= 8 ? (Orientation)value : Orientation.Upright;

    // BYTE, SHORT and LONG are all met, though the standard has SHORT.
    private static Orientation Of(int type, ReadOnlySpan<byte> value, bool little) => type switch
    {
        1 => Of(value[0]),
        3 => Of(UInt16(value, little)),
        4 => Of(UInt32(value, little)),
        _ => Orientation.Upright,
    };

    private static ushort UInt16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
