namespace SafeVision.Assessments;

/// <summary>A phrase of the policy and the model's labels that stand for it.</summary>
/// <param name="Phrase">The phrase as the policy has it, or the category's name where the model's map names the whole category.</param>
/// <param name="Labels">The labels that carry it, strongest first.</param>
/// <param name="Similarity">How close the best label is in meaning, 0 to 1 (cosine); 1 where the model's map names it.</param>
public sealed record CoveredPhrase(string Phrase, IReadOnlyList<string> Labels, double Similarity);
