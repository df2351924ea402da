using SafeVision.Imaging;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// What all families' image processors have in common: <c>preprocessor_config.json</c> or, as newer checkpoints have it, the
/// <c>image_processor</c> of <c>processor_config.json</c>.
/// </summary>
internal readonly struct PreprocessorSettings
{
    private const double LargestValue = 1e6;

    private PreprocessorSettings(ConfigurationValue values) => Values = values;

    /// <summary>The settings themselves.</summary>
    public ConfigurationValue Values { get; }

    /// <summary>The settings of a folder.</summary>
    /// <exception cref="ModelLoadException">It has none. A family's usual values would be a guess, and a wrong one changes what the model sees without a word.</exception>
    public static PreprocessorSettings Read(ModelConfiguration configuration)
    {
        ConfigurationValue own = configuration.Preprocessor, nested = configuration.Processor["image_processor"];
        return own.Exists ? new(own)
            : nested.Exists ? new(nested)
            : configuration.Has("genai_config.json") ? new(own) // that layout keeps them in a form of its own
            : throw new ModelLoadException($"{Path.Combine(configuration.Folder, "preprocessor_config.json")}: is missing; it says how pictures are prepared. Copy it from the checkpoint that the model was made of.");
    }

    /// <summary>How bytes become network inputs, from <c>rescale_factor</c>, <c>image_mean</c> and <c>image_std</c>.</summary>
    /// <param name="mean">The mean where the settings name none; null: they must.</param>
    /// <param name="std">The standard deviation where the settings name none; null: they must.</param>
    public ChannelTables Normalisation(ChannelValues? mean = null, ChannelValues? std = null)
    {
        double rescale = 1;
        if (Values["do_rescale"].Boolean(true))
        {
            rescale = Values["rescale_factor"].Number(1.0 / 255);
            if (rescale is not (> 0 and <= LargestValue))
            {
                throw Values["rescale_factor"].Wrong("a number greater than 0");
            }
        }

        return Values["do_normalize"].Boolean(true)
            ? new ChannelTables(rescale, Channels("image_mean", mean, -LargestValue), Channels("image_std", std, 1 / LargestValue))
            : new ChannelTables(rescale, ChannelValues.All(0), ChannelValues.All(1));
    }

    /// <summary>The kernel; <c>resample</c> is Pillow's number for it.</summary>
    public ResampleFilter Filter(ResampleFilter otherwise) => Values["resample"] is { Exists: true } number
        ? number.Integer(0, 5) switch
        {
            0 => ResampleFilter.Nearest,
            1 => ResampleFilter.Lanczos,
            2 => ResampleFilter.Bilinear,
            3 => ResampleFilter.Bicubic,
            4 => ResampleFilter.Box,
            _ => ResampleFilter.Hamming,
        }
        : otherwise;

    /// <summary>
    /// The side of a square, written as a number, as [height, width] or as an object of height and width; null where there is none.
    /// </summary>
    /// <exception cref="Inference.ModelLoadException">It is no square, or too large.</exception>
    public static int? Square(ConfigurationValue size)
    {
        if (!size.Exists)
        {
            return null;
        }

        (ConfigurationValue height, ConfigurationValue width) = (size, size);
        if (size.IsArray)
        {
            IReadOnlyList<ConfigurationValue> sides = size.Items(2);
            (height, width) = sides.Count == 2 ? (sides[0], sides[1]) : throw size.Wrong("[height, width]");
        }
        else if (size.IsObject)
        {
            (height, width) = (size["height"], size["width"]);
        }

        int side = height.Integer(1, ImageBudget.LongestTile);
        return width.Integer(1, ImageBudget.LongestTile) == side ? side : throw width.Wrong($"{side}, the same as its height");
    }

    private ChannelValues Channels(string name, ChannelValues? otherwise, double least)
    {
        ConfigurationValue value = Values[name];
        if (!value.Exists && otherwise is { } known)
        {
            return known;
        }

        if (!value.IsArray)
        {
            return ChannelValues.All(Channel(value, least));
        }

        IReadOnlyList<ConfigurationValue> channels = value.Items(3);
        return channels.Count == 3
            ? new ChannelValues(Channel(channels[0], least), Channel(channels[1], least), Channel(channels[2], least))
            : throw value.Wrong("three numbers, for red, green and blue");
    }

    private static double Channel(ConfigurationValue value, double least)
    {
        double number = value.Number();
        return number >= least && number <= LargestValue ? number : throw value.Wrong(least > 0 ? "a number greater than 0" : "a number");
    }
}
