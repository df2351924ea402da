using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;

namespace SafeVision.Evaluation.Calibration;

/// <summary>A sample beside what the guardrail said of it.</summary>
internal sealed record TuningSample(EvaluationSample Sample, EvaluationRecord Record);
