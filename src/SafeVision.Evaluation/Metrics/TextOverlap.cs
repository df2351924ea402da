namespace SafeVision.Evaluation.Metrics;

/// <summary>How much of two texts is shared, each value 0 to 1; 0 where a text has nothing to share.</summary>
/// <param name="Precision">The share of the hypothesis that is in the reference.</param>
/// <param name="Recall">The share of the reference that is in the hypothesis.</param>
/// <param name="F1">Their harmonic mean.</param>
public readonly record struct TextOverlap(double Precision, double Recall, double F1)
{
    internal static TextOverlap From(int shared, int hypothesis, int reference) => new(
        hypothesis == 0 ? 0 : (double)shared / hypothesis,
        reference == 0 ? 0 : (double)shared / reference,
        hypothesis + reference == 0 ? 0 : 2.0 * shared / (hypothesis + reference));
}
