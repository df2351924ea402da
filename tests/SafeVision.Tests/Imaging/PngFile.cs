using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SafeVision.Tests.Imaging;

/// <summary>Writes small PNGs with chunks that no library at hand writes.</summary>
internal static class PngFile
{
    public const int Gray = 0, Rgb = 2, Palette = 3, GrayAlpha = 4, Rgba = 6;

    /// <summary>A PNG of one row, repeated.</summary>
    public static byte[] Of(int colorType, byte[] row, int width, int height, params (string Type, byte[] Content)[] chunks) =>
        Of(colorType, width, height, [.. chunks, ("IDAT", Data(row, height))]);

    /// <summary>The compressed data of one row, repeated.</summary>
    public static byte[] Data(byte[] row, int height) => Deflate([.. Enumerable.Range(0, height).SelectMany(_ => (byte[])[0, .. row])]);

    /// <summary>A PNG of these chunks between header and end.</summary>
    public static byte[] Of(int colorType, int width, int height, IEnumerable<(string Type, byte[] Content)> chunks)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, (byte)colorType);
        return
        [
            0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A,
            .. Chunk("IHDR", header), .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Content)), .. Chunk("IEND", []),
        ];
    }

    public static (string, byte[]) Gamma(int timesHundredThousand) => ("gAMA", BigEndian(timesHundredThousand));

    public static (string, byte[]) Chromaticities(params int[] timesHundredThousand) => ("cHRM", [.. timesHundredThousand.SelectMany(value => BigEndian(value))]);

    public static (string, byte[]) Profile(byte[] icc) => ("iCCP", [(byte)'x', 0, 0, .. Deflate(icc)]);

    /// <summary>An ICC profile of a gray or RGB space with this gamma: "GRAY" or "RGB ".</summary>
    public static byte[] Icc(string space, double gamma)
    {
        byte[] curve = [.. "curv\0\0\0\0\0\0\0\x01"u8, .. BigEndian((int)(gamma * 256) << 16)];
        List<(string Name, byte[] Data)> tags = [("wtpt", Xyz(0.9642, 1, 0.8249)), .. space == "GRAY"
            ? (IEnumerable<(string, byte[])>)[("kTRC", curve)]
            : [("rXYZ", Xyz(0.4361, 0.2225, 0.0139)), ("gXYZ", Xyz(0.3851, 0.7169, 0.0971)), ("bXYZ", Xyz(0.1431, 0.0606, 0.7141)), ("rTRC", curve), ("gTRC", curve), ("bTRC", curve)]];
        int offset = 128 + 4 + (12 * tags.Count);
        byte[] table = [.. BigEndian(tags.Count)], data = [];
        foreach ((string name, byte[] content) in tags)
        {
            table = [.. table, .. Encoding.ASCII.GetBytes(name), .. BigEndian(offset + data.Length), .. BigEndian(content.Length)];
            data = [.. data, .. content];
        }

        byte[] header = new byte[128];
        BinaryPrimitives.WriteInt32BigEndian(header, offset + data.Length);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), 0x02400000);
        Encoding.ASCII.GetBytes($"mntr{space}XYZ ").CopyTo(header, 12);
        "acsp"u8.CopyTo(header.AsSpan(36));
        Xyz(0.9642, 1, 0.8249)[8..].CopyTo(header, 68);
        return [.. header, .. table, .. data];
    }

    private static byte[] Xyz(double x, double y, double z) =>
        [.. "XYZ \0\0\0\0"u8, .. BigEndian((int)(x * 65536)), .. BigEndian((int)(y * 65536)), .. BigEndian((int)(z * 65536))];

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. content];
        return [.. BigEndian(content.Length), .. named, .. BigEndian((int)Crc(named))];
    }

    private static uint Crc(byte[] bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? 0xEDB88320 ^ (sum >> 1) : sum >> 1;
            }
        }

        return ~sum;
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var zlib = new ZLibStream(stream, CompressionLevel.Fastest))
        {
            zlib.Write(bytes);
        }

        return stream.ToArray();
    }
}
