namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// A number computed from samples, each of which counts as often as a resample drew it. Null where it is not defined, as a
/// ROC-AUC is for a resample without positives.
/// </summary>
/// <param name="counts">How often each sample counts.</param>
public delegate double? ResampledStatistic(ReadOnlySpan<int> counts);
