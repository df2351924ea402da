using SafeVision.Engines.ClosedSet;
using SafeVision.Imaging;
using SafeVision.Models;
using SafeVision.Tests.Fakes;
using SkiaSharp;

namespace SafeVision.Tests.Engines;

/// <summary>What of an image a network is shown.</summary>
public sealed class ViewPlannerTests
{
    private static readonly ViewPlanner s_objects = new(DefaultModels.Objects.Manifest.Preprocessing!, ViewPlan.Whole);
    private static readonly ViewPlanner s_nsfw = new(DefaultModels.Nsfw.Manifest.Preprocessing!, ViewPlan.Whole, mustAgree: true);

    [Theory]
    [InlineData(400, 400)]
    [InlineData(400, 300)]
    [InlineData(300, 700)]
    [InlineData(5000, 40)]
    public void Nothing_of_any_image_stays_out_of_sight(int width, int height)
    {
        foreach (ViewPlanner planner in new[] { s_objects, s_nsfw })
        {
            ViewGroup whole = planner.Plan(width, height)[0];
            ImageRegion seen = whole.First.Preprocessor.VisibleRegion(width, height, whole.First.Region);
            Assert.True(seen.Width * seen.Height >= 0.7 * width * height, $"{seen}");
            Assert.InRange(1 + whole.More.Length, 1, ViewPlanner.MostViews);
            Assert.InRange(whole.Drawn.Length, planner == s_nsfw ? 0 : 1, ViewPlanner.MostViews);
            Assert.All(whole.Drawn.Take(1), view => Assert.Equal(ViewShape.Plain, view.Shape));
        }
    }

    [Fact]
    public void A_stretched_image_is_shown_in_tiles_that_cover_it()
    {
        IReadOnlyList<ViewGroup> groups = s_objects.Plan(900, 100);

        Assert.Equal(5, groups.Count);
        Assert.Equal(900, groups.Skip(1).Sum(group => group.First.Region.Width));
        Assert.Equal([0, 225, 450, 675], groups.Skip(1).Select(group => group.First.Region.X));
    }

    [Fact]
    public void Quarters_overlap_cover_the_image_and_are_shown_only_where_they_are_asked_for_and_show_more()
    {
        var closer = new ViewPlanner(DefaultModels.Objects.Manifest.Preprocessing!, ViewPlan.Quarters);

        ImageRegion[] quarters = [.. closer.Quarters(1000, 500).Select(quarter => quarter.First.Region)];

        Assert.Equal([(0, 0), (400, 0), (0, 200), (400, 200)], quarters.Select(quarter => (quarter.X, quarter.Y)));
        Assert.All(quarters, quarter => Assert.Equal((600, 300), (quarter.Width, quarter.Height)));
        Assert.Empty(closer.Quarters(300, 300));
        Assert.Empty(s_objects.Quarters(1000, 500));
        Assert.Empty(s_nsfw.Quarters(1000, 500));
    }

    [Fact]
    public async Task A_cat_in_the_corner_of_another_image_is_found_in_a_quarter_of_it()
    {
        using SKBitmap cat = SKBitmap.Decode(Photos.PathOf("chelsea.png")), ground = SKBitmap.Decode(Photos.PathOf("china.jpg"));
        using var image = new SKBitmap(new SKImageInfo(600, 600, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using (var canvas = new SKCanvas(image))
        {
            canvas.DrawBitmap(ground, new SKRect(0, 0, 600, 600), new SKSamplingOptions(SKFilterMode.Linear));
            canvas.DrawBitmap(cat, new SKRect(390, 390, 590, 590), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        }

        using SKData file = image.Encode(SKEncodedImageFormat.Png, 100);
        double whole = await ScoreAsync(ViewPlan.Whole), quarters = await ScoreAsync(ViewPlan.Quarters);

        Assert.True(whole < 0.45 && quarters > 0.6, $"{whole:0.000} by the whole, {quarters:0.000} with its quarters");

        async Task<double> ScoreAsync(ViewPlan plan)
        {
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                .UsePolicy(DefaultGuardrail.Forbidding("cats")).UseDefaultModels(new ClassifierEngineOptions { Views = plan }));
            return Assert.Single((await guardrail.CheckAsync(ImageSource.FromBytes(file.ToArray()))).Findings).Score!.Value;
        }
    }

    [Fact]
    public void Only_the_models_own_view_is_shown_where_only_that_is_asked_for()
    {
        ViewGroup only = Assert.Single(new ViewPlanner(DefaultModels.Objects.Manifest.Preprocessing!, ViewPlan.Centre).Plan(900, 100));
        Assert.Empty(only.More);
    }

    [Fact]
    public void A_padded_view_is_white_around_the_image_and_a_mirrored_one_is_its_mirror()
    {
        var recipe = new PreprocessingRecipe { Resize = new PreprocessingResize { Size = 8, Filter = PreprocessingFilter.Bilinear } };
        var preprocessor = new ImagePreprocessor(recipe);
        byte[] pixels = [.. Enumerable.Range(0, 16 * 8).SelectMany(pixel => new byte[] { (byte)(pixel % 16 < 8 ? 255 : 0), 0, 0 })]; // left red, right black
        using DecodedImage image = DecodeAsync(pixels, 16, 8);
        ImageFrame frame = image.Frames[0];
        ImageRegion whole = ImageRegion.Whole(16, 8);
        float[] padded = new float[preprocessor.InputLength], mirrored = new float[preprocessor.InputLength];

        new ClassifierView(preprocessor, whole, ViewShape.Padded).Write(frame, padded);
        new ClassifierView(preprocessor, whole, ViewShape.Mirrored).Write(frame, mirrored);

        ReadOnlySpan<float> green = padded.AsSpan(64, 64);
        Assert.Equal([1f, 1, 0, 0, 0, 0, 1, 1], [green[0], green[15], green[16], green[23], green[40], green[47], green[48], green[63]]);
        Assert.True(mirrored[0] < 0.1f && mirrored[7] > 0.9f);
    }

    private static DecodedImage DecodeAsync(byte[] pixels, int width, int height) => new SkiaImageDecoder()
        .DecodeAsync(ImageSource.FromPixels(pixels, width, height, SafeVision.Imaging.PixelFormat.Rgb24), new ImageDecodeOptions(), TestContext.Current.CancellationToken)
        .AsTask().GetAwaiter().GetResult();
}
