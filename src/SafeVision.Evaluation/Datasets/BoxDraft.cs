namespace SafeVision.Evaluation.Datasets;

/// <summary>A box as a dataset wrote it. A class, because the JSON reader lets a struct's missing members be zero.</summary>
internal sealed record BoxDraft(double X, double Y, double Width, double Height);
