namespace SafeVision.Imaging.Formats;

/// <summary>Reads the header of a Windows bitmap, of any version from OS/2 1 to 5 (BITMAPV5HEADER).</summary>
internal static class BmpHeader
{
    private const int FileHeader = 14;

    /// <summary>"BM" alone is too little to go by: the reserved fields are zero, or the file ends before them.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> file) =>
        file.Length < FileHeader || BinaryPrimitives.ReadUInt32LittleEndian(file[6..]) == 0;

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        if (file.Length < FileHeader + 12)
        {
            throw Truncated(file.Length, "within the header");
        }

        uint headerSize = BinaryPrimitives.ReadUInt32LittleEndian(file[FileHeader..]);
        if (headerSize is not (12 or 16 or 40 or 52 or 56 or 64 or 108 or 124))
        {
            throw ImageRejectedException.Unsupported(ImageFormat.Bmp, $"no version has a header of {headerSize} bytes, at offset {FileHeader}");
        }

        if (file.Length < FileHeader + headerSize)
        {
            throw Truncated(file.Length, "within the header");
        }

        bool old = headerSize == 12;
        long width = old ? BinaryPrimitives.ReadUInt16LittleEndian(file[18..]) : BinaryPrimitives.ReadInt32LittleEndian(file[18..]);
        long height = old ? BinaryPrimitives.ReadInt16LittleEndian(file[20..]) : BinaryPrimitives.ReadInt32LittleEndian(file[22..]);
        limits.CheckSize(ImageFormat.Bmp, width, Math.Abs(height), 18);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(file[(old ? 24 : 28)..]);
        uint compression = headerSize < 40 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(file[30..]);
        if (bits is not (1 or 2 or 4 or 8 or 16 or 24 or 32) || compression is 4 or 5 or > 6)
        {
            throw ImageRejectedException.Unsupported(ImageFormat.Bmp, $"{bits} bits a pixel with compression {compression}");
        }

        bool runLength = compression is 1 or 2;
        if (!runLength)
        {
            uint pixels = BinaryPrimitives.ReadUInt32LittleEndian(file[10..]);
            long rows = ((width * bits) + 31) / 32 * 4 * Math.Abs(height);
            if (pixels + rows > file.Length)
            {
                throw Truncated(file.Length, $"but its {rows} bytes of pixels from offset {pixels} do not");
            }
        }

        // From version 3 on there is a mask for alpha, which some viewers use and others ignore.
        bool hasMask = headerSize >= 56 && BinaryPrimitives.ReadUInt32LittleEndian(file[66..]) != 0;
        return new ImageHeader((int)width, (int)Math.Abs(height), HasAlpha: bits == 32 || runLength || (bits == 16 && hasMask), CanIgnoreAlpha: !runLength);
    }

    private static ImageRejectedException Truncated(int offset, string where) =>
        ImageRejectedException.Truncated(ImageFormat.Bmp, $"the file ends at offset {offset}, {where}");
}
