namespace SafeVision.VisionLanguage.Generation;

/// <summary>Takes the logits of one sequence of a batch, [vocabulary], which it may overwrite.</summary>
internal delegate void RowLogits(int row, Span<float> logits);
