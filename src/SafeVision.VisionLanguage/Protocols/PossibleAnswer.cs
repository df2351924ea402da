namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Something that a model can answer.</summary>
/// <param name="Meaning">What it stands for, in the words of an error message.</param>
/// <param name="Ids">Its tokens.</param>
/// <param name="End">The token that follows it when it is said to its end; null where its own last token ends it.</param>
internal sealed record PossibleAnswer(string Meaning, int[] Ids, int? End);
