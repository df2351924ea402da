namespace SafeVision.Evaluation.Datasets;

/// <summary>Something in a dataset that was passed over, so that the rest could be used.</summary>
/// <param name="Kind">What kind of mistake it is.</param>
/// <param name="Where">The file and line, or the sample's id.</param>
/// <param name="Message">What is wrong and what was done about it.</param>
public sealed record DatasetProblem(DatasetProblemKind Kind, string Where, string Message);
