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
    public void Images_of_any_size_are_disturbed_and_stay_as_they_were(string name)
    {
        RobustnessTransform transform = RobustnessTransforms.Find(name)!;
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40]).Sample(
            (width, height) =>
            {
                RgbImage image = Noise(width, height);
                byte[] before = [.. image.Pixels];
                RgbImage disturbed = transform.Apply(image, 1);
                Assert.Equal(before, image.Pixels);
                Assert.Equal(disturbed.Width * disturbed.Height * 3, disturbed.Pixels.Length);
                Assert.True(disturbed is { Width: > 0, Height: > 0 });
            },
            iter: 30,
            threads: 1);
    }

    [Fact]
    public void Noise_has_the_deviation_that_its_name_says_and_no_bias()
    {
        var grey = new RgbImage(300, 300);
        grey.Pixels.AsSpan().Fill(128);
        double[] differences = [.. RobustnessTransforms.Find("noise-10")!.Apply(grey, 7).Pixels.Select(value => value - 128.0)];
        Assert.InRange(differences.Average(), -0.1, 0.1);
        Assert.InRange(Math.Sqrt(differences.Average(difference => difference * difference)), 9.9, 10.1);
    }

    [Fact]
    public void Blur_is_the_convolution_with_a_Gaussian()
    {
        RgbImage image = Noise(31, 23);
        const double Deviation = 1.7;
        RgbImage blurred = GaussianBlur.Blur(image, Deviation);
        int radius = (int)Math.Ceiling(3 * Deviation);
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                double sum = 0, weights = 0;
                for (int dy = -radius; dy <= radius; dy++)
                {
                    for (int dx = -radius; dx <= radius; dx++)
                    {
                        double weight = Math.Exp(-((dx * dx) + (dy * dy)) / (2 * Deviation * Deviation));
                        weights += weight;
                        sum += weight * image.Row(Math.Clamp(y + dy, 0, image.Height - 1), Math.Clamp(x + dx, 0, image.Width - 1), 1)[1];
                    }
                }

                Assert.InRange(blurred.Row(y, x, 1)[1] - (sum / weights), -0.51, 0.51);
            }
        }
    }

    [Fact]
    public async Task Lower_quality_is_farther_from_the_image()
    {
        using DecodedImage photo = await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(Repository.Photo("china.jpg")), new ImageDecodeOptions(), CancellationToken.None);
        var image = new RgbImage(photo.Width, photo.Height, photo.Frames[0].Pixels.ToArray());
        double[] errors = [.. ((string[])["jpeg-50", "jpeg-20", "jpeg-5"]).Select(name => RobustnessTransforms.Find(name)!.Apply(image, 1).Pixels.Zip(image.Pixels, (a, b) => (double)((a - b) * (a - b))).Average())];
        Assert.True(errors[0] > 1 && errors[0] < errors[1] && errors[1] < errors[2]);
    }

    [Fact]
    public void Quarter_turns_and_flips_move_pixels_and_change_none()
    {
        RgbImage image = Noise(7, 4);
        RgbImage turned = image;
        for (int i = 0; i < 4; i++)
        {
            turned = RobustnessTransforms.Find("rotate-90")!.Apply(turned, 1);
        }

        Assert.Equal(image.Pixels, turned.Pixels);
        RgbImage once = RobustnessTransforms.Find("rotate-90")!.Apply(image, 1);
        Assert.Equal((4, 7), (once.Width, once.Height));
        Assert.True(image.Row(0, 6, 1).SequenceEqual(once.Row(0, 0, 1))); // the right upper corner becomes the left upper one
        RobustnessTransform flip = RobustnessTransforms.Find("flip")!;
        Assert.Equal(image.Pixels, flip.Apply(flip.Apply(image, 1), 1).Pixels);
    }

    [Theory]
    [InlineData("text-order", "A")]
    [InlineData("text-token", "|")]
    [InlineData("text-json", "{")]
    public void Text_is_drawn_letter_by_letter_without_a_font_of_the_machine(string name, string letter)
    {
        var image = new RgbImage(320, 200);
        image.Pixels.AsSpan().Fill(90);
        RgbImage written = RobustnessTransforms.Find(name)!.Apply(image, 1);
        Assert.True(written.Pixels.AsSpan(0, 320 * 3 * 150).IndexOfAnyExcept((byte)90) < 0); // the image itself stays to be seen
        Assert.True(Occurrences(written, letter) > 0);
    }

    [Fact]
    public async Task What_cannot_be_decoded_goes_to_the_guardrail_as_it_is()
    {
        var broken = ImageSource.FromBytes(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3 });
        Assert.Same(broken, await RobustnessTransforms.Find("blur-1")!.ApplyAsync(broken, Sample, 1, CancellationToken.None));
    }

    /// <summary>Finds a letter at any scale by its dots: white where the font has one, black where not.</summary>
    private static int Occurrences(RgbImage image, string letter)
    {
        int found = 0;
        for (int scale = 1; scale <= 4; scale++)
        {
            var drawn = new RgbImage(5 * scale, 7 * scale);
            PixelFont.Draw(drawn, letter, 0, 0, scale);
            for (int y = 0; y + drawn.Height <= image.Height; y++)
            {
                for (int x = 0; x + drawn.Width <= image.Width; x++)
                {
                    found += Enumerable.Range(0, drawn.Height).All(row => image.Row(y + row, x, drawn.Width).SequenceEqual(drawn.Row(row))) ? 1 : 0;
                }
            }
        }

        return found;
    }

    private static RgbImage Noise(int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(3).NextBytes(image.Pixels);
        return image;
    }

    private static string Hash(ImagePixels pixels) => $"{pixels.Width}x{pixels.Height} {Convert.ToHexString(SHA256.HashData(pixels.Memory.Span))}";
}
