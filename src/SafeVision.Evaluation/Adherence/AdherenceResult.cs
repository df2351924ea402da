using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Adherence;

/// <summary>Whether verdicts follow the policy's words.</summary>
/// <param name="Metrics"><c>flipRate</c>, <c>flipDirectionRate</c> and <c>stabilityRate</c>, over all and for each kind of change, with Wilson intervals.</param>
/// <param name="Cases">Every picture and change that was tried.</param>
public sealed record AdherenceResult(IReadOnlyList<MetricValue> Metrics, IReadOnlyList<AdherenceCase> Cases);
