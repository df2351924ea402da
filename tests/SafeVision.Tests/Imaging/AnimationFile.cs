using System.Buffers.Binary;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>Writes animations of plain frames.</summary>
internal static class AnimationFile
{
    private const int Side = 32;

    /// <param name="format">"apng" or "webp".</param>
    /// <param name="frames">Level and milliseconds of each frame.</param>
    public static byte[] Of(string format, IReadOnlyList<(byte Gray, ushort Milliseconds)> frames) => format == "apng" ? Apng(frames) : WebP(frames);

    /// <summary>Frames that each cover the canvas and are blended on all before them.</summary>
    /// <param name="format">"gif", "apng" or "webp".</param>
    /// <param name="frames">How many.</param>
    public static byte[] Blended(string format, int frames)
    {
        (byte, ushort)[] all = [.. Enumerable.Repeat(((byte)90, (ushort)50), frames)];
        return format switch
        {
            "gif" => Gif(Side, frames, Side),
            "apng" => Apng(all, isBlended: true),
            _ => WebP(all, isBlended: true),
        };
    }

    /// <summary>A first frame as large as the canvas and others of a size of their own, blended on it.</summary>
    public static byte[] Gif(int canvas, int frames, int side)
    {
        byte[] file = [.. "GIF89a"u8, (byte)canvas, (byte)(canvas >> 8), (byte)canvas, (byte)(canvas >> 8), 0x80, 0, 0, 0, 0, 0, 255, 255, 255];
        for (int i = 0; i < frames; i++)
        {
            int own = i == 0 ? canvas : side;
            byte[] size = [(byte)own, (byte)(own >> 8)];
            file = [.. file, 0x21, 0xF9, 4, 0x05, 5, 0, 0, 0, 0x2C, 0, 0, 0, 0, .. size, .. size, 0, 7, .. Lzw(own * own), 0];
        }

        return [.. file, 0x3B];
    }

    // Codes of a byte each: the table is cleared (128) before codes grow longer, and 129 ends.
    private static byte[] Lzw(int pixels)
    {
        byte[] codes = [.. Enumerable.Range(0, pixels).SelectMany(i => i % 64 == 0 ? (byte[])[128, 1] : [1]), 129];
        return [.. codes.Chunk(255).SelectMany(block => (byte[])[(byte)block.Length, .. block])];
    }

    private static byte[] Apng(IReadOnlyList<(byte Gray, ushort Milliseconds)> frames, bool isBlended = false)
    {
        int sequence = 0;
        List<(string Type, byte[] Content)> chunks = [("acTL", [.. BigEndian(frames.Count), .. BigEndian(0)])];
        for (int i = 0; i < frames.Count; i++)
        {
            byte[] delay = [(byte)(frames[i].Milliseconds >> 8), (byte)frames[i].Milliseconds, 0x03, 0xE8];
            chunks.Add(("fcTL", [.. BigEndian(sequence++), .. BigEndian(Side), .. BigEndian(Side), .. new byte[8], .. delay, 0, (byte)(isBlended ? 1 : 0)]));
            byte[] data = PngFile.Data([.. Enumerable.Repeat(frames[i].Gray, Side)], Side);
            chunks.Add(i == 0 ? ("IDAT", data) : ("fdAT", [.. BigEndian(sequence++), .. data]));
        }

        return PngFile.Of(PngFile.Gray, Side, Side, chunks);
    }

    private static byte[] WebP(IReadOnlyList<(byte Gray, ushort Milliseconds)> frames, bool isBlended = false)
    {
        byte[] body = [.. Chunk("VP8X", [0x02, 0, 0, 0, Side - 1, 0, 0, Side - 1, 0, 0]), .. Chunk("ANIM", new byte[6])];
        foreach ((byte gray, ushort milliseconds) in frames)
        {
            byte[] time = [(byte)milliseconds, (byte)(milliseconds >> 8), 0];
            body = [.. body, .. Chunk("ANMF", [.. new byte[6], Side - 1, 0, 0, Side - 1, 0, 0, .. time, 0, .. Still(gray, isBlended ? (byte)128 : (byte)255)])];
        }

        return [.. "RIFF"u8, .. LittleEndian(body.Length + 4), .. "WEBP"u8, .. body];
    }

    // The only chunk of a lossless image.
    private static byte[] Still(byte gray, byte alpha)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(Side, Side, SKColorType.Rgba8888, alpha == 255 ? SKAlphaType.Opaque : SKAlphaType.Unpremul));
        bitmap.Erase(new SKColor(gray, gray, gray, alpha));
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
