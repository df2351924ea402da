namespace SafeVision.Evaluation.Metrics;

/// <summary>Precision, recall and F1 of several classes and their averages, as scikit-learn averages them.</summary>
/// <param name="PerClass">One entry a class, in their order.</param>
/// <param name="Macro">The plain mean over the classes: a rare class counts as much as a common one, and one without samples counts as 0.</param>
/// <param name="Micro">From the summed counts: a common class dominates.</param>
/// <param name="Weighted">The mean weighted by each class's support.</param>
public sealed record AveragedScores(
    IReadOnlyList<PrecisionRecallF1> PerClass, PrecisionRecallF1 Macro, PrecisionRecallF1 Micro, PrecisionRecallF1 Weighted)
{
    internal static AveragedScores From((long Hits, long Predicted, long Actual)[] classes)
    {
        PrecisionRecallF1[] scores = [.. classes.Select(one => PrecisionRecallF1.From(one.Hits, one.Predicted, one.Actual))];
        return new(
            scores,
            Mean(scores, _ => 1),
            PrecisionRecallF1.From(classes.Sum(one => one.Hits), classes.Sum(one => one.Predicted), classes.Sum(one => one.Actual)),
            Mean(scores, score => score.Support));
    }

    private static PrecisionRecallF1 Mean(PrecisionRecallF1[] scores, Func<PrecisionRecallF1, double> weightOf)
    {
        double precision = 0, recall = 0, f1 = 0, weights = 0;
        foreach (PrecisionRecallF1 score in scores)
        {
            double weight = weightOf(score);
            precision += weight * score.Precision;
            recall += weight * score.Recall;
            f1 += weight * score.F1;
            weights += weight;
        }

        long support = scores.Sum(score => score.Support);
        return weights == 0 ? new(0, 0, 0, support) : new(precision / weights, recall / weights, f1 / weights, support);
    }
}
