using System.Buffers.Binary;
using System.IO.Compression;

namespace SafeVision.Imaging.Formats;

/// <summary>Reads as much of an ICC profile's header (ICC.1:2022, 7.2) as tells whether it is for RGB pixels.</summary>
internal static class IccProfile
{
    private const int HeaderSize = 128;

    public static bool IsRgb(ReadOnlySpan<byte> profile) =>
        profile.Length >= HeaderSize
        && BinaryPrimitives.ReadUInt32BigEndian(profile) >= HeaderSize
        && profile[16..20].SequenceEqual("RGB "u8)
        && profile[36..40].SequenceEqual("acsp"u8);

    /// <summary>The same for the data of a PNG's iCCP chunk: a name, a zero, a method, a zlib stream, of which only the header is inflated.</summary>
    public static unsafe bool IsRgbInPng(ReadOnlySpan<byte> chunk)
    {
        int name = chunk.IndexOf((byte)0);
        if (name < 0 || chunk.Length < name + 3)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        ReadOnlySpan<byte> compressed = chunk[(name + 2)..];
        fixed (byte* start = compressed)
        {
            using var stream = new UnmanagedMemoryStream(start, compressed.Length);
            using var zlib = new ZLibStream(stream, CompressionMode.Decompress);
            try
            {
                return zlib.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) == HeaderSize && IsRgb(header);
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }
}
