using CsCheck;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

public sealed class ImagePreprocessorTests
{
    private static readonly Gen<PreprocessingFilter> s_filters = Gen.Enum<PreprocessingFilter>();

    private static readonly Gen<PreprocessingRecipe> s_recipes = Gen.Select(
        Gen.Bool, Gen.Int[1, 40], Gen.Int[0, 20], s_filters, Gen.Enum<ResizeRounding>(),
        (exact, crop, margin, filter, rounding) => new PreprocessingRecipe
        {
            Resize = new PreprocessingResize { Mode = exact ? ResizeMode.Exact : ResizeMode.ShortestSide, Size = crop + margin, Filter = filter, Rounding = rounding },
            Crop = crop,
        });

    [Fact]
    public void The_shortest_side_is_resized_and_the_middle_is_cut_out_and_normalised() =>
        Gen.Select(Gen.Int[1, 90], Gen.Int[1, 90], Gen.Int[8, 40], Gen.Int[0, 7], Gen.Int)
            .Sample((width, height, size, margin, seed) =>
            {
                Picture picture = Picture.Noise(width, height, PixelLayout.Rgb24, seed);
                int crop = size - margin;

                float[] input = Write(Recipes.ShortestSideAndCrop(size, crop), picture, ImageRegion.Whole(width, height));

                // The same in plain steps, as one would write them in Python.
                double scale = size / (double)Math.Min(width, height);
                int resizedWidth = (int)Math.Round(width * scale), resizedHeight = (int)Math.Round(height * scale);
                Picture middle = picture.Resize(new ResizeOptions(resizedWidth, resizedHeight, ResampleFilter.Bicubic))
                    .Crop((resizedWidth - crop) / 2, (resizedHeight - crop) / 2, crop, crop);
                double[] mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225];
                for (int i = 0; i < input.Length; i++)
                {
                    (int channel, int pixel) = (i / (crop * crop), i % (crop * crop));
                    double expected = ((middle.Pixels[(pixel * 3) + channel] / 255.0) - mean[channel]) / std[channel];
                    Assert.Equal(expected, input[i], 1e-6);
                }
            }, iter: 300, threads: 1);

    [Fact]
    public void A_view_gives_what_the_cut_out_picture_gives() =>
        Gen.Select(s_recipes, Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int, Gen.Double[0, 1].Array[4])
            .Sample((recipe, width, height, seed, cut) =>
            {
                Picture picture = Picture.Noise(width, height, PixelLayout.Rgb24, seed);
                int x = (int)(cut[0] * (width - 1)), y = (int)(cut[1] * (height - 1));
                int columns = 1 + (int)(cut[2] * (width - x - 1)), rows = 1 + (int)(cut[3] * (height - y - 1));

                float[] view = Write(recipe, picture, new ImageRegion(x, y, columns, rows));
                float[] part = Write(recipe, picture.Crop(x, y, columns, rows), ImageRegion.Whole(columns, rows));

                Assert.Equal(part, view);
            }, iter: 300, threads: 1);

    [Fact]
    public void What_is_visible_lies_in_the_view_and_in_its_middle() =>
        Gen.Select(s_recipes, Gen.Int[1, 4000], Gen.Int[1, 4000], Gen.Int[0, 50], Gen.Int[0, 50])
            .Sample((recipe, width, height, x, y) =>
            {
                var region = new ImageRegion(x, y, width, height);

                ImageRegion visible = new ImagePreprocessor(recipe).VisibleRegion(width + x, height + y, region);

                Assert.InRange(visible.X, x, x + (width / 2.0));
                Assert.InRange(visible.Y, y, y + (height / 2.0));
                Assert.InRange(visible.X + visible.Width, visible.X, x + width + 1e-6);
                Assert.InRange(visible.Y + visible.Height, visible.Y, y + height + 1e-6);
                Assert.True(visible is { Width: > 0, Height: > 0 });

                // At most one resized pixel nearer to the far edge than to the near one, since odd margins are cut off.
                (int resizedWidth, int resizedHeight) = recipe.Resize.Target(width, height);
                Assert.InRange(x + width - visible.X - visible.Width - (visible.X - x), -1e-6, ((double)width / resizedWidth) + 1e-6);
                Assert.InRange(y + height - visible.Y - visible.Height - (visible.Y - y), -1e-6, ((double)height / resizedHeight) + 1e-6);
            });

    [Fact]
    public void What_is_not_visible_does_not_matter()
    {
        // A recipe without a kernel that reaches out: then the border of what is visible is sharp.
        PreprocessingRecipe recipe = new()
        {
            Resize = new PreprocessingResize { Mode = ResizeMode.ShortestSide, Size = 20, Filter = PreprocessingFilter.Box },
            Crop = 20,
        };
        Picture picture = Picture.Noise(300, 100, PixelLayout.Rgb24, 3);
        ImageRegion visible = new ImagePreprocessor(recipe).VisibleRegion(300, 100, ImageRegion.Whole(300, 100));
        Assert.Equal(new ImageRegion(100, 0, 100, 100), visible);
        float[] before = Write(recipe, picture, ImageRegion.Whole(300, 100));

        for (int i = 0; i < picture.Pixels.Length; i++)
        {
            if (i / 3 % 300 is < 100 or >= 200)
            {
                picture.Pixels[i] = 0;
            }
        }

        Assert.Equal(before, Write(recipe, picture, ImageRegion.Whole(300, 100)));
    }

    [Theory]
    [InlineData(0, 0, 0, 10)]
    [InlineData(-1, 0, 10, 10)]
    [InlineData(0, 0, 10.5, 10)]
    [InlineData(5, 5, 16, 10)]
    [InlineData(0, 0, double.NaN, 10)]
    [InlineData(0, 0, double.PositiveInfinity, 10)]
    public void A_view_that_is_not_in_the_picture_is_refused(double x, double y, double width, double height)
    {
        var preprocessor = new ImagePreprocessor(Recipes.AlignCorners(8));
        var region = new ImageRegion(x, y, width, height);

        Assert.Throws<ArgumentOutOfRangeException>("region", () => preprocessor.Write(new byte[20 * 20 * 3], 20, 20, region, new float[192]));
        Assert.Throws<ArgumentOutOfRangeException>("region", () => preprocessor.VisibleRegion(20, 20, region));
    }

    [Fact]
    public void Buffers_that_are_too_small_are_refused()
    {
        var preprocessor = new ImagePreprocessor(Recipes.AlignCorners(8));

        Assert.Throws<ArgumentException>("rgb", () => preprocessor.Write(new byte[1199], 20, 20, ImageRegion.Whole(20, 20), new float[192]));
        Assert.Throws<ArgumentException>("destination", () => preprocessor.Write(new byte[1200], 20, 20, ImageRegion.Whole(20, 20), new float[191]));
        Assert.Throws<ArgumentOutOfRangeException>("width", () => preprocessor.Write([], 0, 20, default, new float[192]));
    }

    private static float[] Write(PreprocessingRecipe recipe, Picture picture, ImageRegion region)
    {
        var preprocessor = new ImagePreprocessor(recipe);
        float[] input = new float[preprocessor.InputLength];
        Array.Fill(input, float.NaN);
        preprocessor.Write(picture.Pixels, picture.Width, picture.Height, region, input);
        return input;
    }
}
