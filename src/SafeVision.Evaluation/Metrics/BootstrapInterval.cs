namespace SafeVision.Evaluation.Metrics;

/// <summary>A number and how far it would move with other samples of the same kind.</summary>
/// <param name="Value">The number on the samples themselves; null where it is not defined.</param>
/// <param name="Low">The lower end; null where fewer than half of the resamples defined the number.</param>
/// <param name="High">The upper end; null likewise.</param>
/// <param name="Confidence">The share of resamples between the ends.</param>
/// <param name="Resamples">How many resamples were drawn.</param>
/// <param name="Undefined">For how many of them the number was not defined; they are left out of the ends.</param>
public sealed record BootstrapInterval(double? Value, double? Low, double? High, double Confidence, int Resamples, int Undefined);
