using System.Security.Cryptography;
using CsCheck;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Robustness;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Tests.Robustness;

public sealed class RobustnessTransformTests
{
    private static readonly EvaluationSample Sample = new() { Id = "a", Image = "a.png" };

    public static TheoryData<string> Names => [.. RobustnessTransforms.All.Select(transform => transform.Name)];

    [Fact]
    public void Names_are_unique_and_found()
    {
        Assert.Equal(RobustnessTransforms.All.Count, RobustnessTransforms.All.Select(transform => transform.Name).Distinct().Count());
        Assert.All(RobustnessTransforms.All, transform => Assert.Same(transform, RobustnessTransforms.Find(transform.Name)));
        Assert.Null(RobustnessTransforms.Find("none"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_photograph_is_disturbed_the_same_way_for_the_same_sample_and_seed(string name)
    {
        RobustnessTransform transform = RobustnessTransforms.Find(name)!;
        var photo = ImageSource.FromFile(Repository.Photo("chelsea.png"));
        ImagePixels first = (await transform.ApplyAsync(photo, Sample, 1, CancellationToken.None)).Pixels!;
        ImagePixels again = (await transform.ApplyAsync(photo, Sample, 1, CancellationToken.None)).Pixels!;
        ImagePixels other = (await transform.ApplyAsync(photo, Sample with { Id = "b" }, 1, CancellationToken.None)).Pixels!;
        Assert.Equal(Hash(first), Hash(again));
        Assert.Equal(name.StartsWith("noise", StringComparison.Ordinal), Hash(first) != Hash(other)); // nothing else draws at random

        using DecodedImage plain = await new SkiaImageDecoder().DecodeAsync(photo, new ImageDecodeOptions(), CancellationToken.None);
        Assert.NotEqual(Convert.ToHexString(SHA256.HashData(plain.Frames[0].Pixels)), Hash(first));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Pictures_of_any_size_are_disturbed_and_stay_as_they_were(string name)
    {
        RobustnessTransform transform = RobustnessTransforms.Find(name)!;
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40]).Sample(
            (width, height) =>
            {
                Picture picture = Noise(width, height);
                byte[] before = [.. picture.Pixels];
                Picture disturbed = transform.Apply(picture, 1);
                Assert.Equal(before, picture.Pixels);
                Assert.Equal(disturbed.Width * disturbed.Height * 3, disturbed.Pixels.Length);
                Assert.True(disturbed is { Width: > 0, Height: > 0 });
            },
            iter: 30,
            threads: 1);
    }

    [Fact]
    public void Noise_has_the_deviation_that_its_name_says_and_no_bias()
    {
        var grey = new Picture(300, 300);
        grey.Pixels.AsSpan().Fill(128);
        double[] differences = [.. RobustnessTransforms.Find("noise-10")!.Apply(grey, 7).Pixels.Select(value => value - 128.0)];
        Assert.InRange(differences.Average(), -0.1, 0.1);
        Assert.InRange(Math.Sqrt(differences.Average(difference => difference * difference)), 9.9, 10.1);
    }

    [Fact]
    public void Blur_is_the_convolution_with_a_Gaussian()
    {
        Picture picture = Noise(31, 23);
        const double Deviation = 1.7;
        Picture blurred = GaussianBlur.Blur(picture, Deviation);
        int radius = (int)Math.Ceiling(3 * Deviation);
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                double sum = 0, weights = 0;
                for (int dy = -radius; dy <= radius; dy++)
                {
                    for (int dx = -radius; dx <= radius; dx++)
                    {
                        double weight = Math.Exp(-((dx * dx) + (dy * dy)) / (2 * Deviation * Deviation));
                        weights += weight;
                        sum += weight * picture.Row(Math.Clamp(y + dy, 0, picture.Height - 1), Math.Clamp(x + dx, 0, picture.Width - 1), 1)[1];
                    }
                }

                Assert.InRange(blurred.Row(y, x, 1)[1] - (sum / weights), -0.51, 0.51);
            }
        }
    }

    [Fact]
    public async Task Lower_quality_is_farther_from_the_picture()
    {
        using DecodedImage photo = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(Repository.Photo("china.jpg")), new ImageDecodeOptions(), CancellationToken.None);
        var picture = new Picture(photo.Width, photo.Height, photo.Frames[0].Pixels.ToArray());
        double[] errors = [.. ((string[])["jpeg-50", "jpeg-20", "jpeg-5"]).Select(name => RobustnessTransforms.Find(name)!.Apply(picture, 1).Pixels.Zip(picture.Pixels, (a, b) => (double)((a - b) * (a - b))).Average())];
        Assert.True(errors[0] > 1 && errors[0] < errors[1] && errors[1] < errors[2]);
    }

    [Fact]
    public void Quarter_turns_and_flips_move_pixels_and_change_none()
    {
        Picture picture = Noise(7, 4);
        Picture turned = picture;
        for (int i = 0; i < 4; i++)
        {
            turned = RobustnessTransforms.Find("rotate-90")!.Apply(turned, 1);
        }

        Assert.Equal(picture.Pixels, turned.Pixels);
        Picture once = RobustnessTransforms.Find("rotate-90")!.Apply(picture, 1);
        Assert.Equal((4, 7), (once.Width, once.Height));
        Assert.True(picture.Row(0, 6, 1).SequenceEqual(once.Row(0, 0, 1))); // the right upper corner becomes the left upper one
        RobustnessTransform flip = RobustnessTransforms.Find("flip")!;
        Assert.Equal(picture.Pixels, flip.Apply(flip.Apply(picture, 1), 1).Pixels);
    }

    [Theory]
    [InlineData("text-order", "A")]
    [InlineData("text-token", "|")]
    [InlineData("text-json", "{")]
    public void Text_is_drawn_letter_by_letter_without_a_font_of_the_machine(string name, string letter)
    {
        var picture = new Picture(320, 200);
        picture.Pixels.AsSpan().Fill(90);
        Picture written = RobustnessTransforms.Find(name)!.Apply(picture, 1);
        Assert.True(written.Pixels.AsSpan(0, 320 * 3 * 150).IndexOfAnyExcept((byte)90) < 0); // the picture itself stays to be seen
        Assert.True(Occurrences(written, letter) > 0);
    }

    [Fact]
    public async Task What_cannot_be_decoded_goes_to_the_guardrail_as_it_is()
    {
        var broken = ImageSource.FromBytes(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3 });
        Assert.Same(broken, await RobustnessTransforms.Find("blur-1")!.ApplyAsync(broken, Sample, 1, CancellationToken.None));
    }

    /// <summary>Finds a letter at any scale by its dots: white where the font has one, black where not.</summary>
    private static int Occurrences(Picture picture, string letter)
    {
        int found = 0;
        for (int scale = 1; scale <= 4; scale++)
        {
            var drawn = new Picture(5 * scale, 7 * scale);
            PixelFont.Draw(drawn, letter, 0, 0, scale);
            for (int y = 0; y + drawn.Height <= picture.Height; y++)
            {
                for (int x = 0; x + drawn.Width <= picture.Width; x++)
                {
                    found += Enumerable.Range(0, drawn.Height).All(row => picture.Row(y + row, x, drawn.Width).SequenceEqual(drawn.Row(row))) ? 1 : 0;
                }
            }
        }

        return found;
    }

    private static Picture Noise(int width, int height)
    {
        var picture = new Picture(width, height);
        new SeededRandom(3).NextBytes(picture.Pixels);
        return picture;
    }

    private static string Hash(ImagePixels pixels) => $"{pixels.Width}x{pixels.Height} {Convert.ToHexString(SHA256.HashData(pixels.Memory.Span))}";
}
