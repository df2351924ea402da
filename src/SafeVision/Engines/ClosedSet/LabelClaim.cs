namespace SafeVision.Engines.ClosedSet;

/// <summary>A label that counts for a category.</summary>
/// <param name="Label">The label's index.</param>
/// <param name="Weight">How much of its probability counts, 0 to 1.</param>
/// <param name="Phrase">The policy's phrase that claims it; null where the model's map names the category.</param>
/// <param name="Similarity">How close label and phrase are (cosine); 1 for the map.</param>
internal readonly record struct LabelClaim(int Label, double Weight, string? Phrase, double Similarity);
