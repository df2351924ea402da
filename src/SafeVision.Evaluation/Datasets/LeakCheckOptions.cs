namespace SafeVision.Evaluation.Datasets;

/// <summary>When two images count as the same.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class LeakCheckOptions
{
    /// <summary>The most bits in which the hashes of one picture differ, 0 to 31. Default 31, as PDQ's authors advise.</summary>
    public int MaxDistance { get; set => field = value is >= 0 and <= PdqIndex.MaxDistance ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"A distance is 0 to {PdqIndex.MaxDistance}."); } = PdqIndex.MaxDistance;

    /// <summary>The least quality of a hash, 0 to 100: pictures with too little to see are compared by their bytes only. Default 50.</summary>
    public int MinQuality { get; set => field = value is >= 0 and <= 100 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A quality is 0 to 100."); } = 50;

    /// <summary>Whether to report pairs within one split too. Default false: they make a number too sure, but no test easier.</summary>
    public bool WithinSplits { get; set; }

    /// <summary>The most problems that are listed, at least 1; more are counted only. Default 100.</summary>
    public int MaxProblems { get; set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A limit is at least 1."); } = 100;

    /// <summary>How many images are decoded at once, at least 1. Default: the machine's cores.</summary>
    public int Parallelism { get; set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one image is decoded at once."); } = Environment.ProcessorCount;
}
