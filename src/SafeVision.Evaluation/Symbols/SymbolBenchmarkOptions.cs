using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Symbols;

/// <summary>What VisionHarm-S is to be built of.</summary>
public sealed class SymbolBenchmarkOptions
{
    /// <summary>How many pictures, 1 to 1,000,000. Default: 1,000.</summary>
    public int Count { get; set; } = 1_000;

    /// <summary>Whatever else is equal, the same seed gives the same pictures, byte for byte. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>
    /// Which split to build: <see cref="DatasetSplit.Train"/>, <see cref="DatasetSplit.Validation"/> or
    /// <see cref="DatasetSplit.Test"/>, or <see cref="DatasetSplit.None"/> for all three in one dataset, with half of the
    /// pictures, a fifth and the rest. Default: all three.
    /// </summary>
    public DatasetSplit Split { get; set; }

    /// <summary>The side of a picture in pixels, 128 to 1,024. Default: 320.</summary>
    public int ImageSize { get; set; } = 320;

    /// <summary>The share of pictures that are made to show nothing forbidden, 0 to 0.95. Default: 0.4.</summary>
    public double SafeShare { get; set; } = 0.4;

    /// <summary>
    /// The icons.json of an @iconify-json package to draw from instead of the sets that come with the library, for a test
    /// in another hand, such as openmoji, whose share-alike licence does not allow it to be one of them. All its pictures
    /// are for testing. Null, the default: none.
    /// </summary>
    public string? IconSet { get; set; }

    internal void Validate()
    {
        Check(Count is >= 1 and <= 1_000_000, nameof(Count), "1 to 1,000,000", Count);
        Check(ImageSize is >= 128 and <= 1024, nameof(ImageSize), "128 to 1,024", ImageSize);
        Check(SafeShare is >= 0 and <= 0.95, nameof(SafeShare), "0 to 0.95", SafeShare);
        Check(Split is DatasetSplit.None or DatasetSplit.Train or DatasetSplit.Validation or DatasetSplit.Test, nameof(Split), "train, validation, test or all", Split);
        Check(IconSet is null || Split is DatasetSplit.None or DatasetSplit.Test, nameof(Split), "test where an icon set is brought", Split);
    }

    private static void Check(bool isValid, string name, string range, object value)
    {
        if (!isValid)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}, but is {value}.");
        }
    }
}
