using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Explanations;

/// <summary>What deletion and insertion showed.</summary>
/// <param name="Scores">Each finding that was measured.</param>
/// <param name="LeftOut">Findings that could not be: the image can't be read or moves, or a disturbed one got no score.</param>
/// <param name="Metrics">The means with their intervals; NaN where nothing was measured.</param>
public sealed record Faithfulness(IReadOnlyList<FaithfulnessScore> Scores, int LeftOut, IReadOnlyList<MetricValue> Metrics);
