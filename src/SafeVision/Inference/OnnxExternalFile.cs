namespace SafeVision.Inference;

/// <summary>A file in which a model keeps weights.</summary>
/// <param name="Location">The file's name as the model gives it, not yet checked.</param>
/// <param name="Bytes">The end of the last weight in it: the least length that the file must have.</param>
internal sealed record OnnxExternalFile(string Location, long Bytes);
