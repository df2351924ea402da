using System.Buffers.Binary;
using System.IO.Compression;
using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

/// <summary>Reads as much of an ICC profile (ICC.1:2022, 7.2 and 7.3) as tells which pixels it is for, and whether it has tables.</summary>
internal static class IccProfile
{
    private const int HeaderSize = 128;
    private const int TagSize = 12;
    private const int MostTags = 100;

    /// <summary>What it means for pixels of this kind: "RGB ", "GRAY" or "CMYK"; nothing where it is for others, or no profile.</summary>
    public static ColorInformation For(ReadOnlySpan<byte> profile, ReadOnlySpan<byte> kind)
    {
        bool fits = profile.Length >= HeaderSize
            && BinaryPrimitives.ReadUInt32BigEndian(profile) >= HeaderSize
            && profile[16..20].SequenceEqual(kind)
            && profile[36..40].SequenceEqual("acsp"u8);
        return fits ? new ColorInformation(HasProfile: true, HasLookup(profile)) : default;
    }

    /// <summary>The same for the data of a PNG's iCCP chunk: a name, a zero, a method, a zlib stream, of which only the start is inflated.</summary>
    public static unsafe ColorInformation InPng(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> kind)
    {
        int name = chunk.IndexOf((byte)0);
        if (name < 0 || chunk.Length < name + 3)
        {
            return default;
        }

        Span<byte> start = stackalloc byte[HeaderSize + 4 + (MostTags * TagSize)];
        ReadOnlySpan<byte> compressed = chunk[(name + 2)..];
        fixed (byte* bytes = compressed)
        {
            using var stream = new UnmanagedMemoryStream(bytes, compressed.Length);
            using var zlib = new ZLibStream(stream, CompressionMode.Decompress);
            int read = 0;
            try
            {
                for (int count; read < start.Length && (count = zlib.Read(start[read..])) > 0; read += count)
                {
                }
            }
            catch (InvalidDataException)
            {
                // What was inflated before the damage is looked at: Skia decides whether the whole is a profile.
            }

            return For(start[..read], kind);
        }
    }

    // Tables (A2B) take precedence over curves and primaries. A list of tags that is not here whole may name some.
    private static bool HasLookup(ReadOnlySpan<byte> profile)
    {
        if (profile.Length < HeaderSize + 4)
        {
            return true;
        }

        uint tags = BinaryPrimitives.ReadUInt32BigEndian(profile[HeaderSize..]);
        for (int i = 0; i < tags; i++)
        {
            int at = HeaderSize + 4 + (i * TagSize);
            if (at + TagSize > profile.Length || profile.Slice(at, 3).SequenceEqual("A2B"u8))
            {
                return true;
            }
        }

        return false;
    }
}
