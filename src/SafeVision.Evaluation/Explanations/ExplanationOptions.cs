namespace SafeVision.Evaluation.Explanations;

/// <summary>How explanations are measured.</summary>
public sealed class ExplanationOptions
{
    /// <summary>How far beside a box the hottest spot still hits it, as a share of the image's width and height, 0 or more. Default 0.03.</summary>
    public double PointingTolerance { get; set; } = 0.03;

    /// <summary>The intersection over union from which a box counts as a hit, above 0 to 1. Default 0.5.</summary>
    public double BoxOverlap { get; set; } = 0.5;

    /// <summary>How many resamples the intervals rest on, 100 to 100,000. Default 2,000.</summary>
    public int Resamples { get; set; } = 2_000;
}
