namespace SafeVision.Evaluation.Reports;

/// <summary>How often each class was taken for each.</summary>
/// <param name="Classes">The classes; the first is "safe".</param>
/// <param name="Counts">Row by row: the true class, then the class found.</param>
public sealed record ConfusionTable(IReadOnlyList<string> Classes, IReadOnlyList<IReadOnlyList<int>> Counts);
