using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Summaries;

/// <summary>One number of a run.</summary>
/// <param name="Name">The metric's name in <see cref="Reports.MetricCatalog"/>.</param>
/// <param name="Category">The category's id; null for all together.</param>
/// <param name="Detail">What it was measured at; null where the name says all.</param>
/// <param name="Support">How many samples it rests on.</param>
/// <param name="Value">The number; null where it is not defined.</param>
/// <param name="Resampled">
/// The number as a function of how often each sample counts, for intervals and comparisons; null where only the whole set gives
/// it.
/// </param>
public sealed record RunStatistic(string Name, string? Category, string? Detail, int Support, double? Value, ResampledStatistic? Resampled);
