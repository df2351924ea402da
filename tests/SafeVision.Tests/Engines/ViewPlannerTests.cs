using SafeVision.Engines.ClosedSet;
using SafeVision.Imaging;
using SafeVision.Models;

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
