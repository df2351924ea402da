namespace SafeVision.Conversion.Onnx;

/// <summary>The files of a model that was written.</summary>
/// <param name="Bytes">The size of both together.</param>
/// <param name="DataSha256">The hash of the second file, which holds the weights, in lower-case hex; null: there is only one.</param>
internal sealed record WrittenModel(long Bytes, string? DataSha256);
