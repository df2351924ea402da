namespace SafeVision.Evaluation.Metrics;

/// <summary>The samples whose confidence lies in one bin of a reliability diagram.</summary>
/// <param name="Index">The bin: confidences above Index / bins and up to (Index + 1) / bins; 0 belongs to the first.</param>
/// <param name="Count">How many samples; at least 1, empty bins are left out.</param>
/// <param name="Accuracy">The share that was right (or positive).</param>
/// <param name="Confidence">The mean confidence.</param>
public readonly record struct ReliabilityBin(int Index, int Count, double Accuracy, double Confidence);
