namespace SafeVision.Conversion.Families.Encoders;

/// <summary>How images become pixels, from <c>preprocessor_config.json</c>. What the file leaves out is what transformers' image
/// processor of the family has; without the file, all of it, at the size that the network takes.</summary>
internal sealed record ImageProcessor
{
    private const string FileName = "preprocessor_config.json";
    private const double ByteScale = 1.0 / 255;

    private static readonly PreprocessingFilter[] s_filters = // PIL.Image.Resampling
    [
        PreprocessingFilter.Nearest, PreprocessingFilter.Lanczos, PreprocessingFilter.Bilinear,
        PreprocessingFilter.Bicubic, PreprocessingFilter.Box, PreprocessingFilter.Hamming,
    ];

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
    /// <param name="imageSize">The size that the network takes; null: any.</param>
    /// <exception cref="CheckpointException">Images are prepared in a way that is not known here, or for another size.</exception>
    public static PreprocessingRecipe Read(string folder, ImageProcessor family, int? imageSize, ConversionRecipe recipe)
    {
        string path = Path.Combine(folder, FileName);
        PreprocessingRecipe result = recipe.Preprocessing ?? family.ToRecipe(imageSize ?? 224, CheckpointFile.ReadObjectIfThere(path));
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

    private PreprocessingRecipe ToRecipe(int imageSize, JsonValue json)
    {
        if (!json["do_resize"].Boolean(true))
        {
            throw new CheckpointException($"{json.File}: do_resize is false, but images of any size must be made to fit.");
        }

        (int size, bool isShortestEdge) = Size(json["size"], IsShortestEdge) ?? (imageSize, IsShortestEdge);
        int? crop = null;
        if (CropShare is { } share)
        {
            (size, isShortestEdge, crop) = ConvNextSize(size, json["crop_pct"].Number(share), json.File);
        }
        else if (json["do_center_crop"].Boolean(Crops))
        {
            crop = (Size(json["crop_size"], false) ?? (imageSize, false)).Side;
        }

        bool rescales = json["do_rescale"].Boolean(true), normalizes = json["do_normalize"].Boolean(true);
        return new PreprocessingRecipe
        {
            Resize = new PreprocessingResize
            {
                Mode = isShortestEdge ? ResizeMode.ShortestSide : ResizeMode.Exact,
                Size = size,
                Filter = s_filters[json["resample"].Integer(0, s_filters.Length - 1, Resample)],
                Rounding = isShortestEdge ? ResizeRounding.Truncate : ResizeRounding.Round,
            },
            Crop = crop,
            Rescale = rescales ? json["rescale_factor"].Number(ByteScale) : 1,
            Mean = normalizes ? Channels(json["image_mean"], Mean) : default,
            Std = normalizes ? Channels(json["image_std"], Std) : ChannelValues.All(1),
        };
    }

    // transformers, image_processing_convnext.py, resize: small images are made larger first and then cut.
    private static (int Size, bool IsShortestEdge, int? Crop) ConvNextSize(int size, double share, string path) =>
        size >= 384 ? (size, false, null)
        : share is > 0 and <= 1 && size / share <= PreprocessingRecipe.MaximumSize ? ((int)(size / share), true, size)
        : throw new CheckpointException($"{path}: crop_pct is {share}; it must be above 0 and at most 1, and the resized side at most {PreprocessingRecipe.MaximumSize}.");

    /// <summary>A size: a number, both sides, or the shorter one; null where there is none.</summary>
    private static (int Side, bool IsShortestEdge)? Size(JsonValue value, bool isShortestEdge)
    {
        if (!value.IsObject)
        {
            return value.Exists ? (value.Integer(1, PreprocessingRecipe.MaximumSize), isShortestEdge) : null;
        }

        if (value["shortest_edge"] is { Exists: true } edge)
        {
            return (edge.Integer(1, PreprocessingRecipe.MaximumSize), true);
        }

        int height = value["height"].Integer(1, PreprocessingRecipe.MaximumSize);
        int width = value["width"].Integer(1, PreprocessingRecipe.MaximumSize);
        return height == width
            ? (height, false)
            : throw new CheckpointException($"{value.Where}: is {width} by {height}, but images are prepared as squares; give a preprocessing in the recipe.");
    }

    /// <summary>A number for all channels, or three; <paramref name="otherwise"/> where it is missing, and an error where that is null.</summary>
    public static ChannelValues Channels(JsonValue value, ChannelValues? otherwise = null)
    {
        if (!value.Exists && otherwise is { } known)
        {
            return known;
        }

        double[] values = value.IsArray ? [.. value.Items(3).Select(channel => channel.Number())] : [];
        return !value.IsArray ? ChannelValues.All(value.Number())
            : values.Length == 3 ? new ChannelValues(values[0], values[1], values[2])
            : throw value.Wrong("a number or three");
    }
}
