namespace SafeVision.Evaluation.Metrics;

/// <summary>Precision, recall and their harmonic mean, each 0 to 1.</summary>
/// <remarks>
/// Where a denominator is 0 the value is 0, as in scikit-learn with <c>zero_division=0</c>: a class that is never predicted
/// has precision 0, one that never occurs has recall 0. Look at <see cref="Support"/> before reading such a zero.
/// </remarks>
/// <param name="Precision">The share of what was flagged that deserved it.</param>
/// <param name="Recall">The share of what deserved it that was flagged.</param>
/// <param name="F1">2 TP / (2 TP + FP + FN).</param>
/// <param name="Support">How many samples truly belong to the class, or to the classes averaged over.</param>
public readonly record struct PrecisionRecallF1(double Precision, double Recall, double F1, long Support)
{
    internal static PrecisionRecallF1 From(long hits, long predicted, long actual) =>
        new(Ratio(hits, predicted), Ratio(hits, actual), Ratio(2 * hits, predicted + actual), actual);

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
