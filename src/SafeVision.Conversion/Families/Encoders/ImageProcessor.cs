using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Imaging;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// How images become pixels, from <c>preprocessor_config.json</c>. What the file leaves out is what transformers' image
/// processor of the family has; without the file, all of it, at the size that the network takes.
/// </summary>
internal sealed record ImageProcessor
{
    private const string FileName = "preprocessor_config.json";
    private const double ByteScale = 1.0 / 255;

    public static ImageProcessor Vit { get; } = new() { Resample = 2 };

    public static ImageProcessor Siglip { get; } = new() { Resample = 3 };

    public static ImageProcessor Clip { get; } = new()
    {
        Resample = 3,
        IsShortestEdge = true,
        Crops = true,
        Mean = new ChannelValues(0.48145466, 0.4578275, 0.40821073),
        Std = new ChannelValues(0.26862954, 0.26130258, 0.27577711),
    };

    public static ImageProcessor ConvNext { get; } = new() { Resample = 2, IsShortestEdge = true, CropShare = 224.0 / 256 };

    /// <summary>Pillow's number for the filter.</summary>
    public required int Resample { get; init; }

    /// <summary>Whether a size that is one number means the shorter side.</summary>
    public bool IsShortestEdge { get; init; }

    /// <summary>Whether the middle is cut out where nothing says so.</summary>
    public bool Crops { get; init; }

    /// <summary>The share of a resized image that is cut out of its middle where it is smaller than 384 (ConvNeXt); null: crop_size says it.</summary>
    public double? CropShare { get; init; }

    public ChannelValues Mean { get; init; } = ChannelValues.All(0.5);

    public ChannelValues Std { get; init; } = ChannelValues.All(0.5);

    /// <summary>The recipe that makes squares of a size.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="family">What the family's own image processor has.</param>
    /// <param name="imageSize">The size that the network takes; null: any.</param>
    /// <param name="recipe">May say it all instead.</param>
    /// <exception cref="CheckpointException">Images are prepared in a way that is not known here, or for another size.</exception>
    public static PreprocessingRecipe Read(string folder, ImageProcessor family, int? imageSize, ConversionRecipe recipe)
    {
        string path = Path.Combine(folder, FileName);
        PreprocessingRecipe result = recipe.Preprocessing ?? (File.Exists(path) ? ReadFile(path, family, imageSize) : family.ToRecipe(imageSize ?? 224, default, path));
        try
        {
            result.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new CheckpointException($"{path}: {exception.Message}", exception);
        }

        return imageSize is null || result.InputSize == imageSize
            ? result
            : throw new CheckpointException($"{path}: makes images of {result.InputSize} pixels, but config.json says that the network takes {imageSize}.");
    }

    private static PreprocessingRecipe ReadFile(string path, ImageProcessor family, int? imageSize)
    {
        using JsonDocument document = CheckpointJson.Read(path);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? family.ToRecipe(imageSize ?? 224, document.RootElement, path)
            : throw new CheckpointException($"{path}: is no JSON object.");
    }

    private PreprocessingRecipe ToRecipe(int imageSize, JsonElement json, string path)
    {
        if (!Flag(json, "do_resize", true, path))
        {
            throw new CheckpointException($"{path}: do_resize is false, but images of any size must be made to fit.");
        }

        (int size, bool isShortestEdge) = Size(json, "size", path) ?? (imageSize, IsShortestEdge);
        int? crop = null;
        if (CropShare is { } share)
        {
            (size, isShortestEdge, crop) = ConvNextSize(size, CheckpointJson.OptionalNumber(json, "crop_pct", path) ?? share, path);
        }
        else if (Flag(json, "do_center_crop", Crops, path))
        {
            crop = (Size(json, "crop_size", path) ?? (imageSize, false)).Side;
        }

        bool rescales = Flag(json, "do_rescale", true, path), normalizes = Flag(json, "do_normalize", true, path);
        return new PreprocessingRecipe
        {
            Resize = new PreprocessingResize
            {
                Mode = isShortestEdge ? ResizeMode.ShortestSide : ResizeMode.Exact,
                Size = size,
                Filter = Filter(CheckpointJson.OptionalInteger(json, "resample", 0, 5, path) ?? Resample),
                Rounding = isShortestEdge ? ResizeRounding.Truncate : ResizeRounding.Round,
            },
            Crop = crop,
            Rescale = rescales ? CheckpointJson.OptionalNumber(json, "rescale_factor", path) ?? ByteScale : 1,
            Mean = normalizes ? Channels(json, "image_mean", path) ?? Mean : default,
            Std = normalizes ? Channels(json, "image_std", path) ?? Std : ChannelValues.All(1),
        };
    }

    // transformers, image_processing_convnext.py, resize: small images are made larger first and then cut.
    private static (int Size, bool IsShortestEdge, int? Crop) ConvNextSize(int size, double share, string path) =>
        size >= 384 ? (size, false, null)
        : share is > 0 and <= 1 && size / share <= PreprocessingRecipe.MaximumSize ? ((int)(size / share), true, size)
        : throw new CheckpointException($"{path}: crop_pct is {share}; it must be above 0 and at most 1, and the resized side at most {PreprocessingRecipe.MaximumSize}.");

    /// <summary>A size: a number, both sides, or the shorter one; null where there is none.</summary>
    private (int Side, bool IsShortestEdge)? Size(JsonElement json, string name, string path)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        string where = $"{path}: {name}";
        if (value.ValueKind == JsonValueKind.Number)
        {
            return (CheckpointJson.Integer(json, name, 1, PreprocessingRecipe.MaximumSize, path), IsShortestEdge && name == "size");
        }

        if (CheckpointJson.OptionalInteger(value, "shortest_edge", 1, PreprocessingRecipe.MaximumSize, where) is { } edge)
        {
            return (edge, true);
        }

        int height = CheckpointJson.Integer(value, "height", 1, PreprocessingRecipe.MaximumSize, where);
        int width = CheckpointJson.Integer(value, "width", 1, PreprocessingRecipe.MaximumSize, where);
        return height == width
            ? (height, false)
            : throw new CheckpointException($"{where}: is {width} by {height}, but images are prepared as squares; give a preprocessing in the recipe.");
    }

    private static bool Flag(JsonElement json, string name, bool otherwise, string path) => CheckpointJson.OptionalBoolean(json, name, path) ?? otherwise;

    private static PreprocessingFilter Filter(int number) => number switch // PIL.Image.Resampling
    {
        0 => PreprocessingFilter.Nearest,
        1 => PreprocessingFilter.Lanczos,
        2 => PreprocessingFilter.Bilinear,
        3 => PreprocessingFilter.Bicubic,
        4 => PreprocessingFilter.Box,
        _ => PreprocessingFilter.Hamming,
    };

    private static ChannelValues? Channels(JsonElement json, string name, string path)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            return ChannelValues.All(value.GetDouble());
        }

        JsonElement[] values = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];
        return values.Length == 3 && values.All(channel => channel.ValueKind == JsonValueKind.Number)
            ? new ChannelValues(values[0].GetDouble(), values[1].GetDouble(), values[2].GetDouble())
            : throw new CheckpointException($"{path}: '{name}' must be a number or three.");
    }
}
