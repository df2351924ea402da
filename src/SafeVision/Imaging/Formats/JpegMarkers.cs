using System.Buffers.Binary;

namespace SafeVision.Imaging.Formats;

/// <summary>The markers of a JPEG (ITU-T T.81, table B.1) and how to get from one to the next.</summary>
internal static class JpegMarkers
{
    /// <summary>Not a marker: the file has ended.</summary>
    public const int None = -1;
    public const int HuffmanTables = 0xC4;
    public const int FirstRestart = 0xD0;
    public const int LastRestart = 0xD7;
    public const int EndOfImage = 0xD9;
    public const int StartOfScan = 0xDA;
    public const int RestartInterval = 0xDD;

    /// <summary>
    /// Finds the next marker and leaves <paramref name="position"/> after it. What lies before it, such as the data of a scan
    /// with its stuffed zeros and restart markers, is passed over.
    /// </summary>
    public static int Next(ReadOnlySpan<byte> file, ref int position)
    {
        while (position < file.Length)
        {
            int found = file[position..].IndexOf((byte)0xFF);
            if (found < 0)
            {
                break;
            }

            position += found + 1;
            if (position < file.Length && file[position] is not (0x00 or 0xFF or (>= FirstRestart and <= LastRestart)))
            {
                return file[position++];
            }
        }

        position = file.Length;
        return None;
    }

    /// <summary>Whether no length and no content follow (TEM, and a second SOI).</summary>
    public static bool StandsAlone(int marker) => marker is 0x01 or 0xD8;

    /// <summary>The content of the segment whose length begins at <paramref name="position"/>.</summary>
    public static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> file, int position, int marker)
    {
        if (file.Length - position < 2)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the file ends at offset {file.Length}, within segment 0x{marker:X2}");
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(file[position..]);
        if (length < 2)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Jpeg, $"segment 0x{marker:X2} at offset {position} declares a length of {length}");
        }

        return length <= file.Length - position
            ? file.Slice(position + 2, length - 2)
            : throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"segment 0x{marker:X2} at offset {position} declares {length} bytes; {file.Length - position} are left");
    }
}
