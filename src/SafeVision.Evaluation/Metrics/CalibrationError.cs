namespace SafeVision.Evaluation.Metrics;

/// <summary>How far confidences lie from what happens.</summary>
/// <param name="Expected">ECE: the mean gap between confidence and accuracy over the bins, weighted by their samples (Guo et al. 2017).</param>
/// <param name="Maximum">MCE: the largest gap of a bin, however few samples it has.</param>
/// <param name="Bins">The bins with samples, in rising order: a reliability diagram.</param>
public sealed record CalibrationError(double Expected, double Maximum, IReadOnlyList<ReliabilityBin> Bins);
