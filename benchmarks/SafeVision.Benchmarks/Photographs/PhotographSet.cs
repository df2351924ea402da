using System.Reflection;
using SkiaSharp;

namespace SafeVision.Benchmarks.Photographs;

/// <summary>
/// The sample photographs at the sizes that cameras and web pages have, as JPEGs of quality 85. The samples are small, so
/// they are enlarged and given the grain of a sensor: a blown-up picture without it would be smoother than any photograph
/// and decode faster than one.
/// </summary>
public static class PhotographSet
{
    private const int Quality = 85;

    private static readonly string[] s_pictures = ["china.jpg", "flower.jpg", "astronaut.png", "coffee.png"];

    /// <summary>From a web page's picture to that of a 12-megapixel phone.</summary>
    public static IReadOnlyList<(int Width, int Height)> Sizes { get; } = [(1200, 800), (1600, 1200), (1920, 1080), (3000, 2000), (4000, 3000)];

    /// <summary>Every picture at every size.</summary>
    public static IReadOnlyList<Photograph> All() =>
        [.. Sizes.SelectMany(size => s_pictures.Select(picture => Make(picture, size.Width, size.Height)))];

    /// <summary>One picture of each size, no two of them neighbours of the same picture.</summary>
    public static IReadOnlyList<Photograph> OneOfEachSize() =>
        [.. Sizes.Select((size, i) => Make(s_pictures[i % s_pictures.Length], size.Width, size.Height))];

    /// <summary>Writes photographs as files and returns their paths.</summary>
    public static string[] Write(IEnumerable<Photograph> photographs, string folder)
    {
        Directory.CreateDirectory(folder);
        return [.. photographs.Select(photograph =>
        {
            string path = Path.Combine(folder, photograph.Name + ".jpg");
            File.WriteAllBytes(path, photograph.Bytes);
            return path;
        })];
    }

    public static Photograph Make(string picture, int width, int height)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(picture)!;
        using SKBitmap small = SKBitmap.Decode(stream);
        using var large = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        small.ScalePixels(large, new SKSamplingOptions(SKCubicResampler.Mitchell));
        AddGrain(large.GetPixelSpan());
        using SKData file = large.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return new Photograph($"{Path.GetFileNameWithoutExtension(picture)}-{width}x{height}", width, height, file.ToArray());
    }

    // The sum of three uniform numbers is close enough to the bell curve of a sensor's noise; its standard deviation is 4.
    private static void AddGrain(Span<byte> pixels)
    {
        uint state = 1;
        for (int i = 0; i < pixels.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            int grain = (int)((state >> 29) + ((state >> 26) & 7) + ((state >> 23) & 7)) - 10;
            pixels[i] = (i & 3) == 3 ? (byte)255 : (byte)Math.Clamp(pixels[i] + grain, 0, 255);
        }
    }
}
