namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a model was trained to say for something.</summary>
/// <param name="Text">Its text, as it stands in a prompt.</param>
/// <param name="Ids">Its tokens, mostly one.</param>
internal sealed record ModelMark(string Text, int[] Ids);
