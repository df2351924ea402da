namespace SafeVision.Evaluation.Explanations;

/// <summary>How deletion and insertion are measured.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class FaithfulnessOptions
{
    /// <summary>In how many steps the picture is hidden or shown, 1 to 1000. Default 8. Each finding costs four times as many questions.</summary>
    public int Steps { get; set => field = value is >= 1 and <= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "There are 1 to 1000 steps."); } = 8;

    /// <summary>The most findings that are measured, at least 1; which ones depends on the seed. Default 200.</summary>
    public int MaxFindings { get; set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one finding is needed."); } = 200;

    /// <summary>What deleted parts show. Default the mean colour, as in the paper.</summary>
    public MaskFill Deleted { get; set; } = MaskFill.Mean;

    /// <summary>What parts show that were not inserted yet. Default blur, as in the paper.</summary>
    public MaskFill NotInserted { get; set; } = MaskFill.Blur;

    /// <summary>How many resamples the intervals rest on, 100 to 100,000. Default 2,000.</summary>
    public int Resamples { get; set; } = 2_000;
}
