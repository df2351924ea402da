namespace SafeVision.Evaluation.Datasets;

/// <summary>What an image is known again by: its bytes and its looks.</summary>
internal readonly record struct ImageFingerprint(string Sha256, PdqResult Pdq);
