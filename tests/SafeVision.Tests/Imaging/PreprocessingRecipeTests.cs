using System.Text.Json;
using CsCheck;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

public sealed class PreprocessingRecipeTests
{
    [Fact]
    public void A_recipe_reads_back_what_it_wrote() =>
        Gen.Select(
            Gen.Enum<PreprocessingFilter>(), Gen.Enum<ResizeRounding>(), Gen.Int[1, 4096], Gen.Double[0.001, 10], Gen.Double[-5, 5], Gen.Double[0.01, 5],
            (filter, rounding, size, rescale, mean, std) => new PreprocessingRecipe
            {
                Resize = new PreprocessingResize { Mode = ResizeMode.ShortestSide, Size = size, Filter = filter, Rounding = rounding },
                Crop = size,
                Rescale = rescale,
                Mean = new ChannelValues(mean, -mean, 0),
                Std = ChannelValues.All(std),
            })
            .Sample(recipe => Assert.Equal(recipe, PreprocessingRecipe.Parse(recipe.ToJson())));

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        PreprocessingRecipe recipe = PreprocessingRecipe.Parse("""{"resize": {"size": 224, "filter": "bilinearAlignCorners"}}""");

        Assert.Equal(Recipes.AlignCorners(224), recipe);
        Assert.Equal(224, recipe.InputSize);
        Assert.Equal(1.0 / 255, recipe.Rescale);
    }

    [Theory]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "meen": [0, 0, 0]}""", "meen")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear", "antialias": true}}""", "antialias")]
    [InlineData("""{"resize": {"size": 224, "filter": "sharp"}}""", "$.resize.filter")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear", "mode": "longestSide"}}""", "$.resize.mode")]
    [InlineData("""{"resize": {"size": "big", "filter": "bilinear"}}""", "$.resize.size")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "mean": [0, 0]}""", "three numbers")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "std": [1, 1, 1, 1]}""", "three numbers")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "std": 1}""", "three numbers")]
    [InlineData("""{"resize": {"filter": "bilinear"}}""", "size")]
    [InlineData("""{"resize": {"size": 224}}""", "filter")]
    [InlineData("{}", "resize")]
    [InlineData("null", "null")]
    [InlineData("", "")]
    public void What_is_no_recipe_is_refused_and_the_place_is_named(string json, string place) =>
        Assert.Contains(place, Assert.Throws<JsonException>(() => PreprocessingRecipe.Parse(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"resize": {"size": 0, "filter": "bilinear"}}""", "resize.size is 0")]
    [InlineData("""{"resize": {"size": 4097, "filter": "bilinear"}}""", "resize.size is 4097")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear", "mode": "shortestSide"}}""", "needs a crop")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "crop": 225}""", "crop is 225")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "crop": 0}""", "crop is 0")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "rescale": 0}""", "rescale is 0")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "rescale": -1}""", "rescale is -1")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "std": [1, 0, 1]}""", "std[1] is 0")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "std": [1, 1, 1e-60]}""", "std[2] is 1E-60")]
    [InlineData("""{"resize": {"size": 224, "filter": "bilinear"}, "mean": [1e999, 0, 0]}""", "mean[0]")]
    public void A_value_out_of_range_is_refused_and_named(string json, string problem) =>
        Assert.Contains(problem, Assert.Throws<ArgumentException>(() => PreprocessingRecipe.Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_number_that_names_no_filter_or_mode_is_refused()
    {
        PreprocessingRecipe recipe = Recipes.AlignCorners(224);

        Assert.Throws<ArgumentException>(() => new ImagePreprocessor(recipe with { Resize = recipe.Resize with { Filter = (PreprocessingFilter)17 } }));
        Assert.Throws<ArgumentException>(() => new ImagePreprocessor(recipe with { Resize = recipe.Resize with { Mode = (ResizeMode)17 } }));
        Assert.Throws<ArgumentException>(() => new ImagePreprocessor(recipe with { Resize = recipe.Resize with { Rounding = (ResizeRounding)17 } }));
    }
}
