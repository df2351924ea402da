using System.Buffers.Binary;
using SkiaSharp;

namespace SafeVision.Tests.Fakes;

/// <summary>The sample photographs, as they are and as uploads mangle them.</summary>
internal static class Photos
{
    public static string[] Names { get; } = ["astronaut.png", "camera.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "rocket.jpg"];

    public static ImageSource Cat => Of("chelsea.png");

    public static ImageSource Coffee => Of("coffee.png");

    public static string PathOf(string name) => Repository.PathOf($"samples/images/{name}");

    public static ImageSource Of(string name) => ImageSource.FromFile(PathOf(name));

    /// <summary>A photograph whose colours are taken as they stand: a JPEG loses its ICC profile (APP2).</summary>
    public static ImageSource WithoutProfile(string name)
    {
        byte[] file = File.ReadAllBytes(PathOf(name));
        if (!name.EndsWith(".jpg", StringComparison.Ordinal))
        {
            return ImageSource.FromBytes(file, name);
        }

        using var kept = new MemoryStream();
        kept.Write(file, 0, 2);
        int at = 2;
        while (file[at + 1] != 0xDA) // segments up to the first scan
        {
            int length = 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2));
            kept.Write(file, at, file[at + 1] == 0xE2 ? 0 : length);
            at += length;
        }

        kept.Write(file, at, file.Length - at);
        return ImageSource.FromBytes(kept.ToArray(), name);
    }

    public static ImageSource Shrunk(string name, int width, int height)
    {
        using SKBitmap bitmap = Resized(name, width, height);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return ImageSource.FromBytes(data.ToArray(), name);
    }

    /// <summary>A JPEG lying on its side, with the EXIF orientation that sets it upright.</summary>
    public static ImageSource OnItsSide(string name)
    {
        using SKBitmap upright = SKBitmap.Decode(PathOf(name));
        using var turned = new SKBitmap(upright.Height, upright.Width);
        using (var canvas = new SKCanvas(turned))
        {
            canvas.Translate(0, turned.Height);
            canvas.RotateDegrees(-90);
            canvas.DrawBitmap(upright, 0, 0, new SKSamplingOptions(SKFilterMode.Nearest));
        }

        using SKData data = turned.Encode(SKEncodedImageFormat.Jpeg, 90);
        byte[] jpeg = data.ToArray();
        byte[] exif = // APP1, a little-endian TIFF with one entry: orientation 6
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
        ];
        return ImageSource.FromBytes(new byte[][] { jpeg[..2], exif, jpeg[2..] }.SelectMany(part => part).ToArray(), name);
    }

    /// <summary>An animation of these photos, in 216 colours, written without compression.</summary>
    public static ImageSource Animation(params string[] names)
    {
        const int width = 240, height = 160;
        var gif = new List<byte>();
        gif.AddRange("GIF89a"u8);
        gif.AddRange([width, 0, height, 0, 0xF7, 0, 0]);
        for (int colour = 0; colour < 256; colour++)
        {
            gif.AddRange(colour < 216 ? [(byte)(colour / 36 * 51), (byte)(colour / 6 % 6 * 51), (byte)(colour % 6 * 51)] : [0, 0, 0]);
        }

        foreach (string name in names)
        {
            using SKBitmap bitmap = Resized(name, width, height);
            byte[] indices = [.. bitmap.Pixels.Select(pixel => (byte)((pixel.Red + 25) / 51 * 36 + (pixel.Green + 25) / 51 * 6 + (pixel.Blue + 25) / 51))];
            gif.AddRange([0x21, 0xF9, 4, 4, 10, 0, 0, 0, 0x2C, 0, 0, 0, 0, width, 0, height, 0, 0, 8]);
            foreach (byte[] block in Codes(indices).Chunk(255))
            {
                gif.Add((byte)block.Length);
                gif.AddRange(block);
            }

            gif.Add(0);
        }

        gif.Add(0x3B);
        return ImageSource.FromBytes(gif.ToArray(), "animation.gif");
    }

    /// <summary>LZW with 9-bit literals: the table is cleared before it would need a tenth bit.</summary>
    private static IEnumerable<byte> Codes(byte[] indices)
    {
        IEnumerable<int> codes = [.. indices.Chunk(200).SelectMany(run => (int[])[256, .. run]), 257];
        (int bits, int count) = (0, 0);
        foreach (int code in codes)
        {
            bits |= code << count;
            for (count += 9; count >= 8; count -= 8, bits >>= 8)
            {
                yield return (byte)bits;
            }
        }

        yield return (byte)bits;
    }

    private static SKBitmap Resized(string name, int width, int height)
    {
        using SKBitmap bitmap = SKBitmap.Decode(PathOf(name));
        return bitmap.Resize(new SKImageInfo(width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
    }
}
