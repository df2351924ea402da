using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Symbols;

/// <summary>A picture of VisionHarm-S.</summary>
/// <param name="Sample">What is true of it; its image path is the one that it has in a dataset's folder.</param>
/// <param name="Png">The picture as a PNG file.</param>
public sealed record SymbolImage(EvaluationSample Sample, ReadOnlyMemory<byte> Png);
