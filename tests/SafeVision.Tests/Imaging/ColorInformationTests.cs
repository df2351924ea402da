using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>What a file says about its colours decides what viewers show, so it decides what is judged; and where it hides something, both are.</summary>
public sealed class ColorInformationTests
{
    private const int Width = 32, Height = 32;

    private static readonly byte[] s_gray = [.. Enumerable.Range(0, Width).Select(x => (byte)(x * 8))];
    private static readonly byte[] s_rgb = [.. s_gray.SelectMany(value => (byte[])[value, value, value])];

    public static TheoryData<string, byte[], int, bool> Ramps => new()
    {
        // The middle of the ramp is stored as 128. A gamma of 20000 stands for 5, so 0.5^5 of the light: 50 in sRGB.
        { "gamma, RGB", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Gamma(20_000)), 50, true },
        { "gamma, gray", PngFile.Of(PngFile.Gray, s_gray, Width, Height, PngFile.Gamma(20_000)), 50, true },
        { "gamma, gray with alpha", PngFile.Of(PngFile.GrayAlpha, [.. s_gray.SelectMany(value => (byte[])[value, 255])], Width, Height, PngFile.Gamma(20_000)), 50, true },
        { "gamma, palette", PngFile.Of(PngFile.Palette, [.. Enumerable.Range(0, Width).Select(x => (byte)x)], Width, Height, PngFile.Gamma(20_000), ("PLTE", s_rgb)), 50, true },
        { "gamma and primaries", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Chromaticities(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000), PngFile.Gamma(20_000)), 50, true },
        { "the gamma of sRGB, as most files have it", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Gamma(45_455)), 128, false },
        { "sRGB goes before gamma", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, ("sRGB", [0]), PngFile.Gamma(20_000)), 128, false },
        { "a gray profile", PngFile.Of(PngFile.Gray, s_gray, Width, Height, PngFile.Profile(PngFile.Icc("GRAY", 6))), 34, true },
        { "a gray profile, with alpha", PngFile.Of(PngFile.GrayAlpha, [.. s_gray.SelectMany(value => (byte[])[value, 255])], Width, Height, PngFile.Profile(PngFile.Icc("GRAY", 6))), 34, true },
        { "an RGB profile", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Profile(PngFile.Icc("RGB ", 6))), 34, true },
        { "a profile goes before gamma", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Profile(PngFile.Icc("RGB ", 6)), PngFile.Gamma(100_000)), 34, true },
        { "a broken profile leaves the gamma", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Profile([.. new byte[500]]), PngFile.Gamma(20_000)), 50, true },
        { "a profile packed with a dictionary that nobody has", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, ("iCCP", [(byte)'x', 0, 0, 0x78, 0x20, 1, 2, 3, 4, 5, 6, 7, 8])), 128, false },
        { "a profile for other pixels", PngFile.Of(PngFile.Gray, s_gray, Width, Height, PngFile.Profile(PngFile.Icc("RGB ", 6))), 128, false },
        { "cICP, linear light", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, ("cICP", [1, 8, 0, 1])), 188, true },
        { "cICP goes before gamma", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, ("cICP", [1, 8, 0, 1]), PngFile.Gamma(20_000)), 188, true },
        { "cICP goes before a profile", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Profile(PngFile.Icc("RGB ", 6)), ("cICP", [1, 8, 0, 1])), 188, true },
        { "cICP, sRGB", PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, ("cICP", [1, 13, 0, 1]), PngFile.Gamma(20_000)), 128, false },
    };

    [Theory]
    [MemberData(nameof(Ramps))]
    public void Colours_are_those_that_viewers_show_and_where_they_move_far_those_that_are_stored_are_judged_too(string name, byte[] file, int middle, bool isDoubtful)
    {
        using DecodedImage image = ImageFixtures.Decode(file);

        Assert.True(Math.Abs(middle - image.Frames[0].Pixels[16 * 3]) <= 2, $"{name}: {image.Frames[0].Pixels[16 * 3]}");
        Assert.Equal(isDoubtful, image.OtherRenderings.Count == 1);
        if (isDoubtful)
        {
            ImageFrame stored = image.OtherRenderings[0];
            Assert.Equal(ImageRendering.ColorsAsStored, stored.Rendering);
            Assert.Equal(128, stored.Pixels[16 * 3]);
            Assert.Same(stored, image.Judged[^1]);
        }
    }

    [Fact]
    public void Primaries_that_exchange_red_and_green_are_heeded()
    {
        byte[] red = [.. Enumerable.Repeat((byte[])[200, 40, 30], Width).SelectMany(pixel => pixel)];
        byte[] file = PngFile.Of(PngFile.Rgb, red, Width, Height, PngFile.Gamma(45_455), PngFile.Chromaticities(31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000));

        using DecodedImage image = ImageFixtures.Decode(file);

        Assert.True(image.Frames[0].Pixels[1] > 180 && image.Frames[0].Pixels[0] < 60);
        Assert.Equal(200, Assert.Single(image.OtherRenderings).Pixels[0]);
    }

    [Fact]
    public void A_gray_jpeg_is_converted_by_its_gray_profile_at_any_scale()
    {
        byte[] plain = ImageFixtures.Bytes("src/jpeg_gray.jpg");
        byte[] file = WithProfile(plain, PngFile.Icc("GRAY", 6));
        foreach (int? shortSide in (int?[])[null, 8])
        {
            ImageDecodeOptions options = ImageFixtures.Options;
            options.TargetShortSide = shortSide;
            using DecodedImage stored = ImageFixtures.Decode(plain, options), image = ImageFixtures.Decode(file, options);

            double mean = Mean(image.Frames[0]);
            Assert.True(mean < Mean(stored.Frames[0]) - 30, $"{mean}");
            Assert.Equal(stored.Frames[0].Pixels, Assert.Single(image.OtherRenderings).Pixels);
        }
    }

    // The profile is a table by which all ink is white, made for this test; the pixels are those of src/jpeg_cmyk.jpg.
    [Fact]
    public void A_cmyk_jpeg_is_converted_by_its_profile_and_plainly_too()
    {
        using DecodedImage plain = ImageFixtures.Decode("src/jpeg_cmyk.jpg"), image = ImageFixtures.Decode("color/cmyk_lookup_profile.jpg");

        Assert.Empty(plain.OtherRenderings);
        Assert.False(plain.Frames[0].Pixels.SequenceEqual(image.Frames[0].Pixels));
        Assert.Equal(plain.Frames[0].Pixels, Assert.Single(image.OtherRenderings).Pixels);
    }

    [Fact]
    public void A_gray_tiff_is_converted_by_its_gray_profile()
    {
        using DecodedImage plain = ImageFixtures.Decode(GrayTiff(null)), image = ImageFixtures.Decode(GrayTiff(PngFile.Icc("GRAY", 6)));

        Assert.Equal(128, plain.Frames[0].Pixels[16 * 3]);
        Assert.InRange(image.Frames[0].Pixels[16 * 3], 32, 36);
        Assert.Equal(128, Assert.Single(image.OtherRenderings).Pixels[16 * 3]);
    }

    [Fact]
    public void An_animation_with_a_gamma_is_converted_frame_by_frame()
    {
        byte[] plain = ImageFixtures.Bytes("apng/rgb.png");
        int header = 8 + 12 + 13;
        byte[] gamma = PngFile.Of(PngFile.Rgb, s_rgb, Width, Height, PngFile.Gamma(20_000))[header..(header + 16)];
        using DecodedImage stored = ImageFixtures.Decode(plain), image = ImageFixtures.Decode((byte[])[.. plain[..header], .. gamma, .. plain[header..]]);

        Assert.Equal(stored.Frames.Count, image.Frames.Count);
        Assert.NotEmpty(image.OtherRenderings);
        Assert.All(image.OtherRenderings, other => Assert.Equal(stored.Frames[other.Index].Pixels.ToArray(), other.Pixels.ToArray()));
    }

    [Fact]
    public void Common_wide_spaces_are_converted_and_judged_once()
    {
        using DecodedImage image = ImageFixtures.Decode("src/png_rgb8_photo.png");
        Assert.Empty(image.OtherRenderings);
    }

    private static byte[] GrayTiff(byte[]? icc)
    {
        byte[] pixels = [.. Enumerable.Repeat(s_gray, Height).SelectMany(row => row)];
        List<(ushort Tag, ushort Type, int Count, int Value)> entries =
        [
            (256, 4, 1, Width), (257, 4, 1, Height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, Height), (279, 4, 1, pixels.Length),
            .. icc is null ? [] : (IEnumerable<(ushort, ushort, int, int)>)[(34675, 7, icc.Length, 8 + pixels.Length)],
        ];
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("II*\0"u8);
        writer.Write(8 + pixels.Length + (icc?.Length ?? 0));
        writer.Write(pixels);
        writer.Write(icc ?? []);
        writer.Write((ushort)entries.Count);
        foreach ((ushort tag, ushort type, int count, int value) in entries)
        {
            writer.Write(tag);
            writer.Write(type);
            writer.Write(count);
            writer.Write(value);
        }

        writer.Write(0);
        return stream.ToArray();
    }

    private static byte[] WithProfile(byte[] jpeg, byte[] icc)
    {
        int length = icc.Length + 16;
        return [.. jpeg[..2], 0xFF, 0xE2, (byte)(length >> 8), (byte)length, .. "ICC_PROFILE\0\x01\x01"u8, .. icc, .. jpeg[2..]];
    }

    private static double Mean(ImageFrame frame) => frame.Pixels.ToArray().Average(value => value);
}
