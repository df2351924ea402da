namespace SafeVision.Evaluation.Metrics;

/// <summary>How well sets of categories agree with the true sets; values are null without samples.</summary>
/// <param name="Samples">The number of samples.</param>
/// <param name="ExactMatch">The share of samples whose set is exactly right (subset accuracy).</param>
/// <param name="Jaccard">
/// The mean over samples of shared over united categories. A sample that truly has none and got none counts as 1: it is
/// right, and in moderation most samples are of that kind. <see cref="BothEmpty"/> says how many.
/// </param>
/// <param name="BothEmpty">How many samples have no category in the truth and none in the prediction.</param>
/// <param name="CellAccuracy">The share of all single yes-or-no answers that is right (1 − Hamming loss).</param>
/// <param name="Scores">Precision, recall and F1 by category and averaged.</param>
/// <param name="Categories">The counts of each category.</param>
public sealed record MultilabelScores(
    int Samples,
    double? ExactMatch,
    double? Jaccard,
    int BothEmpty,
    double? CellAccuracy,
    AveragedScores Scores,
    IReadOnlyList<BinaryConfusion> Categories);
