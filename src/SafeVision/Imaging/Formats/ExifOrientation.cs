using System.Buffers.Binary;
using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

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
