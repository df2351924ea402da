namespace SafeVision.Evaluation.Datasets;

/// <summary>An object as a dataset wrote it.</summary>
internal sealed record ObjectDraft(string Name, BoxDraft Box, IReadOnlyList<string> Categories);
