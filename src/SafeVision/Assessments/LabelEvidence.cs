namespace SafeVision.Assessments;

/// <summary>A label that contributed to a score.</summary>
/// <param name="Label">The label, as <c>set:index first-name</c>.</param>
/// <param name="Share">The probability that the model gives the label, 0 to 1.</param>
/// <param name="Phrase">The policy's phrase that includes it.</param>
/// <param name="Relation"><c>is</c>, <c>kind of</c>, or how the label shows it: <c>holds</c>, <c>shows</c>.</param>
/// <param name="Word">What the label is, is a kind of, or shows: the phrase's word, in the singular.</param>
public sealed record LabelEvidence(string Label, double Share, string Phrase, string Relation, string Word)
{
    /// <summary>How much of the share counts for the category, above 0 and at most 1.</summary>
    public double Weight { get; init; } = 1;
}
