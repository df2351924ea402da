namespace SafeVision.Conversion.Calibration;

/// <summary>Images to try a network with.</summary>
internal static class SampleImages
{
    private static readonly string[] s_extensions = [".jpg", ".jpeg", ".png", ".webp"];

    /// <summary>The first images of a folder by name, at most so many.</summary>
    /// <exception cref="CheckpointException">There are none.</exception>
    public static string[] Find(string folder, int most)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(path => s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).Take(most)];
        return files.Length > 0 ? files : throw new CheckpointException($"{folder}: has no images ({string.Join(", ", s_extensions)}) to calibrate with.");
    }

    /// <summary>So many images: those of a folder, one after the other and then again, or drawn ones; each must be disposed.</summary>
    public static async Task<IReadOnlyList<DecodedImage>> ReadAsync(string? folder, int count, int side, CancellationToken cancellationToken)
    {
        if (folder is null)
        {
            return
            [
                .. Enumerable.Range(1, count).Select(seed =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    return Draw(seed, side);
                }),
            ];
        }

        string[] files = Find(folder, count);
        var decoder = new SkiaImageDecoder();
        var images = new List<DecodedImage>();
        for (int i = 0; i < count; i++)
        {
            images.Add(await decoder.DecodeAsync(ImageSource.FromFile(files[i % files.Length]), new ImageDecodeOptions { TargetShortSide = side }, cancellationToken).ConfigureAwait(false));
        }

        return images;
    }

    /// <summary>A ground that changes slowly, discs and rectangles on it, and grain: edges, planes and texture as photographs have them.</summary>
    private static DecodedImage Draw(int seed, int side)
    {
        var random = new Random(seed);
        byte[] pixels = new byte[side * side * 3];
        double[] phases = [.. Enumerable.Range(0, 9).Select(_ => random.NextDouble() * Math.Tau)];
        (int X, int Y, int Size, bool IsDisc, byte[] Color)[] shapes = [.. Enumerable.Range(0, 12).Select(_ => (random.Next(side), random.Next(side), random.Next(side / 20, side / 4), random.Next(2) == 0, RandomColor()))];
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                byte[]? color = null;
                foreach ((int left, int top, int size, bool isDisc, byte[] own) in shapes)
                {
                    (int dx, int dy) = (x - left, y - top);
                    color = (isDisc ? (dx * dx) + (dy * dy) < size * size : Math.Abs(dx) < size && Math.Abs(dy) < size / 2) ? own : color;
                }

                for (int channel = 0; channel < 3; channel++)
                {
                    double ground = 128 + (60 * Math.Sin((x * 3.0 / side) + phases[3 * channel])) + (50 * Math.Sin((y * 4.0 / side) + phases[(3 * channel) + 1]));
                    pixels[(((y * side) + x) * 3) + channel] = (byte)Math.Clamp((color?[channel] ?? ground) + random.Next(-12, 13), 0, 255);
                }
            }
        }

        return DecodedImage.FromPixels(new ImagePixels(pixels, side, side, PixelFormat.Rgb24), new ImageDecodeOptions());

        byte[] RandomColor()
        {
            byte[] color = new byte[3];
            random.NextBytes(color);
            return color;
        }
    }
}
