namespace SafeVision.Evaluation.Datasets;

/// <summary>A picture's hash and how much it means.</summary>
/// <param name="Hash">The hash.</param>
/// <param name="Quality">0 to 100: how much there is to see. Below 50 a match means little: even pictures are all alike.</param>
public readonly record struct PdqResult(PdqHash Hash, int Quality);
