namespace SafeVision.Evaluation.Explanations;

/// <summary>How a finding's score follows its heat map. Areas under curves of the score over the share of the picture, 0 to 1.</summary>
/// <param name="Sample">The sample's id.</param>
/// <param name="Category">The finding's category.</param>
/// <param name="Deletion">While the hottest parts are hidden first: low for a map that shows what the score rests on.</param>
/// <param name="DeletionRandom">While parts are hidden in random order.</param>
/// <param name="Insertion">While the hottest parts are shown first: high for such a map.</param>
/// <param name="InsertionRandom">While parts are shown in random order.</param>
public sealed record FaithfulnessScore(string Sample, string Category, double Deletion, double DeletionRandom, double Insertion, double InsertionRandom);
