using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Files whose structure is the attack: directories that lead to themselves, a hundred thousand empty parts, a few bytes that
/// unpack to many, counts that nothing could hold. Each decodes or is refused with a reason, at little cost.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class NestedStructureTests
{
    private const int Many = 100_000;

    private static readonly byte[] s_gifFrame = [(byte)',', 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0];

    public static TheoryData<string> Names => [.. Files().Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_file_whose_structure_is_an_attack_is_decoded_or_refused_at_little_cost(string name)
    {
        byte[] file = Files()[name]();
        GC.Collect(); // making it left much behind
        (TimeSpan cpu, long allocated) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes());
        try
        {
            using DecodedImage image = ImageFixtures.Decode(file);
            Assert.InRange(image.Frames.Count, 1, 8);
        }
        catch (ImageRejectedException refusal)
        {
            Assert.InRange(refusal.Message.Length, 20, 400);
        }

        Assert.InRange(Environment.CpuUsage.TotalTime - cpu, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 128 << 20);
    }

    private static Dictionary<string, Func<byte[]>> Files() => new()
    {
        ["a directory of a TIFF that follows itself"] = () => Tiff(Directory(8, next: 8)),
        ["two directories of a TIFF that follow each other"] = () => Tiff([.. Directory(8, next: 200), .. new byte[200 - 8 - 114], .. Directory(8, next: 8)]),
        ["a directory of a TIFF below itself"] = () => Tiff(Directory(8, next: 0, (330, 1, 8))),
        ["directories of a TIFF, each above two hundred others"] = () => Tiff(Tree(levels: 8, width: 200)),
        ["a TIFF of two thousand million strips"] = () => Tiff(Directory(8, next: 0, (273, int.MaxValue, 8))),
        ["a hundred thousand pages of a TIFF"] = () => Tiff([.. Enumerable.Range(0, Many).SelectMany(i => Directory(8, next: i == Many - 1 ? 0 : 8 + ((i + 1) * 114)))]),
        ["a PNG with a hundred thousand empty chunks"] = () => PngFile.Of(PngFile.Gray, new byte[64], 64, 64, [.. Enumerable.Repeat(("teXt", Array.Empty<byte>()), Many)]),
        ["a PNG whose profile unpacks a thousandfold"] = () => PngFile.Of(PngFile.Gray, new byte[64], 64, 64, ("iCCP", [(byte)'x', 0, 0, .. Zeros(256 << 20)])),
        ["a PNG whose pixels unpack a thousandfold"] = () => PngFile.Of(PngFile.Gray, 64, 64, [("IDAT", Zeros(256 << 20))]),
        ["a profile with four thousand million tags"] = () => Profiled(icc => BinaryPrimitives.WriteUInt32BigEndian(icc.AsSpan(128), uint.MaxValue)),
        ["a profile whose tag lies at its own table"] = () => Profiled(icc => BinaryPrimitives.WriteUInt32BigEndian(icc.AsSpan(136), 128)),
        ["a profile whose curve has two thousand million points"] = () => Profiled(icc => BinaryPrimitives.WriteInt32BigEndian(icc.AsSpan(icc.AsSpan().IndexOf("curv"u8) + 8), int.MaxValue)),
        ["a GIF with a million empty comments"] = () => Gif([.. Enumerable.Repeat<byte[]>([(byte)'!', 0xFE, 0], 10 * Many).SelectMany(part => part), .. s_gifFrame]),
        ["a GIF of a hundred thousand frames"] = () => Gif([.. Enumerable.Repeat(s_gifFrame, Many).SelectMany(frame => frame)]),
        ["a WebP with a hundred thousand empty chunks"] = () => WebP([.. Enumerable.Repeat("abcd\0\0\0\0"u8.ToArray(), Many).SelectMany(part => part)]),
        ["a JPEG with a hundred thousand empty tables"] = () => [0xFF, 0xD8, .. Enumerable.Repeat<byte[]>([0xFF, 0xC4, 0, 19, .. new byte[17]], Many).SelectMany(table => table), 0xFF, 0xD9],
        ["a JPEG of fill bytes"] = () => [0xFF, 0xD8, .. Enumerable.Repeat((byte)0xFF, 10 * Many), 0xD9],
    };

    /// <summary>A directory of a gray image of 8 x 8 without compression, 114 bytes and 12 for each entry more; its pixels lie behind the header.</summary>
    private static byte[] Directory(int pixels, int next, params (int Tag, int Count, int Value)[] more)
    {
        (int Tag, int Count, int Value)[] entries =
        [
            (256, 1, 8), (257, 1, 8), (258, 1, 8), (259, 1, 1), (262, 1, 1), (273, 1, pixels), (277, 1, 1), (278, 1, 8), (279, 1, 64),
        ];
        entries = [.. entries.Where(entry => more.All(other => other.Tag != entry.Tag)).Concat(more).OrderBy(entry => entry.Tag)];
        byte[] bytes = new byte[2 + (12 * entries.Length) + 4];
        BinaryPrimitives.WriteInt16LittleEndian(bytes, (short)entries.Length);
        foreach ((int i, (int tag, int count, int value)) in entries.Index())
        {
            Span<byte> entry = bytes.AsSpan(2 + (12 * i));
            BinaryPrimitives.WriteInt16LittleEndian(entry, (short)tag);
            BinaryPrimitives.WriteInt16LittleEndian(entry[2..], 4);
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], count);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], value);
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), next);
        return bytes;
    }

    private static byte[] Tree(int levels, int width)
    {
        int length = 114 + 12 + (4 * width);
        return [.. Enumerable.Range(0, levels).SelectMany(level =>
        {
            int at = 8 + (level * length), below = level == levels - 1 ? 0 : at + length;
            byte[] offset = BitConverter.GetBytes(below);
            return (byte[])[.. Directory(8, next: 0, (330, below == 0 ? 0 : width, at + 126)), .. Enumerable.Repeat(offset, width).SelectMany(bytes => bytes)];
        })];
    }

    private static byte[] Tiff(byte[] directories) => [.. "II*\0\x08\0\0\0"u8, .. directories, .. new byte[64]];

    private static byte[] Gif(byte[] parts) => [.. "GIF89a"u8, 8, 0, 8, 0, 0x80, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, .. parts, (byte)';'];

    private static byte[] WebP(byte[] chunks)
    {
        byte[] body = [.. "WEBPVP8X"u8, 10, 0, 0, 0, 0, 0, 0, 0, 15, 0, 0, 15, 0, 0, .. chunks];
        return [.. Encoding.ASCII.GetBytes("RIFF"), .. BitConverter.GetBytes(body.Length), .. body];
    }

    private static byte[] Profiled(Action<byte[]> damage)
    {
        byte[] icc = PngFile.Icc("RGB ", 4);
        damage(icc);
        return PngFile.Of(PngFile.Rgb, new byte[64 * 3], 64, 48, PngFile.Profile(icc));
    }

    private static byte[] Zeros(int count)
    {
        using var packed = new MemoryStream();
        using (var stream = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] block = new byte[1 << 20];
            for (int written = 0; written < count; written += block.Length)
            {
                stream.Write(block);
            }
        }

        return packed.ToArray();
    }
}
