namespace SafeVision.Assessments;

/// <summary>A label that contributed to a score.</summary>
/// <param name="Label">The model's label.</param>
/// <param name="Share">The probability that the model gives the label, 0 to 1.</param>
/// <param name="Weight">How much of that share counts for the category, 0 to 1.</param>
/// <param name="Phrase">The policy's phrase that the label stands for.</param>
/// <param name="Similarity">How close label and phrase are in meaning, 0 to 1 (cosine); 1 where the model's map names the category.</param>
public sealed record LabelEvidence(string Label, double Share, double Weight, string Phrase, double Similarity);
