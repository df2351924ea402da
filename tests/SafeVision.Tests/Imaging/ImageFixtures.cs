using System.Text.Json;
using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>The pictures in Fixtures/images and what is known about them.</summary>
internal static class ImageFixtures
{
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "Fixtures", "images");
    private static readonly JsonElement[] s_decoded = Entries("decoded.json", "images");
    private static readonly JsonElement[] s_hostile = Entries("hostile/expected.json", "files");

    /// <summary>The limits that the expectations on hostile files assume.</summary>
    public static ImageDecodeOptions Options => new() { Limits = new ImageLimits { MaxPixels = 40_000_000, MaxFrames = 500, MaxBytes = 33_554_432 } };

    public static IEnumerable<string> DecodableNames => s_decoded.Select(Name);

    public static IEnumerable<string> HostileNames => s_hostile.Select(Name);

    public static JsonElement Decodable(string name) => s_decoded.Single(entry => Name(entry) == name);

    public static JsonElement Hostile(string name) => s_hostile.Single(entry => Name(entry) == name);

    public static string PathOf(string name) => Path.Combine(s_root, name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(PathOf(name));

    public static DecodedImage Decode(string name, ImageDecodeOptions? options = null) => Decode(Bytes(name), options);

    public static DecodedImage Decode(ReadOnlyMemory<byte> bytes, ImageDecodeOptions? options = null) =>
        new SkiaImageDecoder().DecodeAsync(ImageSource.FromBytes(bytes), options ?? Options, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>A reference as RGBA, decoded without any of the code under test.</summary>
    public static (int Width, int Height, byte[] Rgba) Reference(string path)
    {
        using SKCodec codec = SKCodec.Create(PathOf(path));
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, out byte[] pixels));
        return (info.Width, info.Height, pixels);
    }

    /// <summary>A channel composited as Pillow's Image.alpha_composite does it, seven extra bits and all.</summary>
    public static byte PillowComposite(int source, int alpha, int behind)
    {
        const int Bits = 7;
        int first = alpha * 255 * 255 * (1 << Bits) / (255 * 255);
        int second = (255 * (1 << Bits)) - first;
        int sum = (source * first) + (behind * second) + (0x80 << Bits);
        return (byte)((((sum >> 8) + sum) >> 8) >> Bits);
    }

    /// <summary>The largest difference of a frame from a reference composited on white.</summary>
    public static int LargestDifference(ImageFrame frame, string path)
    {
        (int width, int height, byte[] rgba) = Reference(path);
        Assert.Equal((width, height), (frame.Width, frame.Height));
        int most = 0;
        for (int i = 0; i < width * height; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                int expected = PillowComposite(rgba[(i * 4) + channel], rgba[(i * 4) + 3], 255);
                most = Math.Max(most, Math.Abs(expected - frame.Pixels[(i * 3) + channel]));
            }
        }

        return most;
    }

    private static string Name(JsonElement entry) => entry.GetProperty("file").GetString()!;

    private static JsonElement[] Entries(string file, string property)
    {
        using var document = JsonDocument.Parse(Bytes(file));
        return [.. document.RootElement.GetProperty(property).Clone().EnumerateArray()];
    }
}
