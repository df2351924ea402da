using System.Security.Cryptography;
using CsCheck;
using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Metrics;
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

    /// <summary>A box is right when the thing is there: a green rectangle is drawn, disturbed, and looked for.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Boxes_are_where_the_thing_is_afterwards(string name)
    {
        RobustnessTransform transform = RobustnessTransforms.Find(name)!;
        if (name.StartsWith("blur", StringComparison.Ordinal) || name.StartsWith("text", StringComparison.Ordinal) || name is "grey" or "noise-30" or "jpeg-5")
        {
            return; // these move nothing, and leave no green to look for
        }

        Gen.Select(Gen.Int[20, 60], Gen.Int[20, 60], Gen.Int[96, 200], Gen.Int[96, 200]).Sample(
            (left, top, width, height) =>
            {
                (int right, int bottom) = (left + 30, top + 24);
                var picture = new Picture(width, height);
                picture.Pixels.AsSpan().Fill(40);
                Paint(picture, left, top, right, bottom);
                Picture disturbed = transform.Apply(picture, 1);
                IReadOnlyList<ImageBox> boxes = transform.Follow(new ImageBox((double)left / width, (double)top / height, 30.0 / width, 24.0 / height), width, height);
                ImageBox seen = Green(disturbed);
                double expectedRight = boxes.Max(box => box.X + box.Width), expectedBottom = boxes.Max(box => box.Y + box.Height);
                Near(boxes.Min(box => box.X), seen.X, disturbed.Width);
                Near(boxes.Min(box => box.Y), seen.Y, disturbed.Height);
                Near(expectedRight, seen.X + seen.Width, disturbed.Width);
                Near(expectedBottom, seen.Y + seen.Height, disturbed.Height);
            },
            iter: 20,
            threads: 1);

        static void Near(double expected, double seen, int side) => Assert.InRange(seen * side, (expected * side) - 2.5, (expected * side) + 2.5);
    }

    [Fact]
    public void Boxes_follow_by_arithmetic()
    {
        var box = new ImageBox(0.1, 0.2, 0.3, 0.4);
        Equal([new(0.6, 0.2, 0.3, 0.4)], Follow("flip", box));
        Equal([new(0.2, 0.6, 0.4, 0.3)], Follow("rotate-90", box)); // what was on the right is on top
        Equal([new(0.6, 0.4, 0.3, 0.4)], Follow("rotate-180", box));
        Equal([new(0.35 / 1.5, 0.45 / 1.5, 0.2, 0.4 / 1.5)], Follow("border-25", box));
        Equal([new(0, 0.1, 0.275 / 0.75, 0.4 / 0.75)], Follow("crop-75", new ImageBox(0, 0.2, 0.4, 0.4)));
        Equal([new(0.05, 0.1, 0.15, 0.2), new(0.55, 0.1, 0.15, 0.2), new(0.05, 0.6, 0.15, 0.2), new(0.55, 0.6, 0.15, 0.2)], Follow("tile-2", box));
        Equal([box], Follow("jpeg-5", box));
        Assert.Empty(Follow("crop-75", new ImageBox(0, 0, 0.1, 1)));

        EvaluationSample sample = Sample with { Objects = [new SampleObject("knife", new ImageBox(0, 0, 0.1, 1), ["Weapons"]), new SampleObject("sun", box, [])] };
        Assert.Equal("sun", Assert.Single(RobustnessTransforms.Find("crop-75")!.Follow(sample, 400, 400).Objects).Name);
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

    private static IReadOnlyList<ImageBox> Follow(string name, ImageBox box) => RobustnessTransforms.Find(name)!.Follow(box, 400, 400);

    private static void Equal(ImageBox[] expected, IReadOnlyList<ImageBox> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        foreach ((ImageBox one, ImageBox other) in expected.Zip(actual))
        {
            Assert.Equal([one.X, one.Y, one.Width, one.Height], [other.X, other.Y, other.Width, other.Height], (a, b) => Math.Abs(a - b) < 1e-9);
        }
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

    private static void Paint(Picture picture, int left, int top, int right, int bottom)
    {
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                ((ReadOnlySpan<byte>)[30, 250, 30]).CopyTo(picture.Row(y, x, 1));
            }
        }
    }

    private static ImageBox Green(Picture picture)
    {
        (int left, int top, int right, int bottom) = (picture.Width, picture.Height, 0, 0);
        for (int y = 0; y < picture.Height; y++)
        {
            for (int x = 0; x < picture.Width; x++)
            {
                Span<byte> pixel = picture.Row(y, x, 1);
                if (pixel[1] > pixel[0] + 100)
                {
                    (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
                }
            }
        }

        return new ImageBox((double)left / picture.Width, (double)top / picture.Height, (double)(right - left) / picture.Width, (double)(bottom - top) / picture.Height);
    }

    private static string Hash(ImagePixels pixels) => $"{pixels.Width}x{pixels.Height} {Convert.ToHexString(SHA256.HashData(pixels.Memory.Span))}";
}
