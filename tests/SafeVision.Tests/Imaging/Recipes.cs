using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Recipes of model families.</summary>
internal static class Recipes
{
    public static ChannelValues ImageNetMean => new(0.485, 0.456, 0.406);

    public static ChannelValues ImageNetStd => new(0.229, 0.224, 0.225);

    /// <summary>nsfwjs.</summary>
    public static PreprocessingRecipe AlignCorners(int size) =>
        new() { Resize = new PreprocessingResize { Size = size, Filter = PreprocessingFilter.BilinearAlignCorners } };

    /// <summary>EfficientNet and its like.</summary>
    public static PreprocessingRecipe ShortestSideAndCrop(int size, int crop, ResizeRounding rounding = ResizeRounding.Round) => new()
    {
        Resize = new PreprocessingResize { Mode = ResizeMode.ShortestSide, Size = size, Filter = PreprocessingFilter.Bicubic, Rounding = rounding },
        Crop = crop,
        Mean = ImageNetMean,
        Std = ImageNetStd,
    };

    /// <summary>ViT and SigLIP.</summary>
    public static PreprocessingRecipe Exact(int size, PreprocessingFilter filter) => new()
    {
        Resize = new PreprocessingResize { Size = size, Filter = filter },
        Mean = ChannelValues.All(0.5),
        Std = ChannelValues.All(0.5),
    };
}
