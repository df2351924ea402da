namespace SafeVision.Evaluation.Datasets;

/// <summary>How a dataset is read. The defaults suit a dataset that somebody else made.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Not to be changed while in use.</remarks>
public sealed class DatasetReadOptions
{
    /// <summary>The dataset's form; null (the default) to find it from what is there.</summary>
    /// <remarks>
    /// A VisionHarm file is taken for VisionHarm-C where a row has several labels or a number above 9, and else for
    /// VisionHarm-T: name the form of one that could be either.
    /// </remarks>
    public DatasetFormat? Format { get; set; }

    /// <summary>What labels mean that are no ids of categories: the label, in any case, and the id, or "safe".</summary>
    public IReadOnlyDictionary<string, string> LabelMap { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = new Dictionary<string, string>();

    /// <summary>
    /// The ids of the categories that every sample was annotated for; null (the default) for what the dataset says, or, where
    /// it says nothing, the categories that occur. A label that is none of them makes its sample unusable.
    /// </summary>
    public IReadOnlyList<string>? Categories { get; set; }

    /// <summary>The folder that image paths start from; null (the default) for the one that holds the dataset's file.</summary>
    public string? ImageFolder { get; set; }

    /// <summary>Whether to look if each image is there. Default true; without it a missing one is found when it is judged.</summary>
    public bool CheckImages { get; set; } = true;

    /// <summary>The most bytes that a dataset's file may have, at least 1. Default 512 MiB. Images have limits of their own.</summary>
    public long MaxFileBytes { get; set => field = Positive(value); } = 512L << 20;

    /// <summary>The most characters of a line, or of a CSV record of several lines, at least 1. Default 1 048 576.</summary>
    public int MaxLineLength { get; set => field = (int)Positive(value); } = 1 << 20;

    /// <summary>The most samples, at least 1. Default one million.</summary>
    public int MaxSamples { get; set => field = (int)Positive(value); } = 1_000_000;

    /// <summary>The most problems that are listed, at least 1; more are counted only. Default 100.</summary>
    public int MaxProblems { get; set => field = (int)Positive(value); } = 100;

    private static long Positive(long value) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A limit is at least 1.");
}
