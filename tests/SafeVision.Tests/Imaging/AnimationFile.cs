using System.Buffers.Binary;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>Writes animations of plain gray frames, each shown for a time of its own.</summary>
internal static class AnimationFile
{
    private const int Side = 32;

    /// <param name="format">"apng" or "webp".</param>
    /// <param name="frames">Level and milliseconds of each frame.</param>
    public static byte[] Of(string format, IReadOnlyList<(byte Gray, ushort Milliseconds)> frames) => format == "apng" ? Apng(frames) : WebP(frames);

    private static byte[] Apng(IReadOnlyList<(byte Gray, ushort Milliseconds)> frames)
    {
        int sequence = 0;
        List<(string Type, byte[] Content)> chunks = [("acTL", [.. BigEndian(frames.Count), .. BigEndian(0)])];
        for (int i = 0; i < frames.Count; i++)
        {
            byte[] delay = [(byte)(frames[i].Milliseconds >> 8), (byte)frames[i].Milliseconds, 0x03, 0xE8];
            chunks.Add(("fcTL", [.. BigEndian(sequence++), .. BigEndian(Side), .. BigEndian(Side), .. new byte[8], .. delay, 0, 0]));
            byte[] data = PngFile.Data([.. Enumerable.Repeat(frames[i].Gray, Side)], Side);
            chunks.Add(i == 0 ? ("IDAT", data) : ("fdAT", [.. BigEndian(sequence++), .. data]));
        }

        return PngFile.Of(PngFile.Gray, Side, Side, chunks);
    }

    private static byte[] WebP(IReadOnlyList<(byte Gray, ushort Milliseconds)> frames)
    {
        byte[] body = [.. Chunk("VP8X", [0x02, 0, 0, 0, Side - 1, 0, 0, Side - 1, 0, 0]), .. Chunk("ANIM", new byte[6])];
        foreach ((byte gray, ushort milliseconds) in frames)
        {
            byte[] time = [(byte)milliseconds, (byte)(milliseconds >> 8), 0];
            body = [.. body, .. Chunk("ANMF", [.. new byte[6], Side - 1, 0, 0, Side - 1, 0, 0, .. time, 0, .. Still(gray)])];
        }

        return [.. "RIFF"u8, .. LittleEndian(body.Length + 4), .. "WEBP"u8, .. body];
    }

    // The only chunk of a lossless image.
    private static byte[] Still(byte gray)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque));
        bitmap.Erase(new SKColor(gray, gray, gray));
        using SKPixmap pixmap = bitmap.PeekPixels();
        using SKData data = pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 0)) ?? throw new InvalidOperationException("The image is not encoded.");
        byte[] file = data.ToArray();
        int start = file.AsSpan().IndexOf("VP8L"u8);
        int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(start + 4));
        return file[start..(start + 8 + length + (length & 1))];
    }

    private static byte[] Chunk(string type, byte[] content) =>
        [.. System.Text.Encoding.ASCII.GetBytes(type), .. LittleEndian(content.Length), .. content, .. new byte[content.Length & 1]];

    private static byte[] BigEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] LittleEndian(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
