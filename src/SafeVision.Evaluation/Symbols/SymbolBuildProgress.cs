namespace SafeVision.Evaluation.Symbols;

/// <summary>How far a build is.</summary>
/// <param name="Done">Pictures written.</param>
/// <param name="Total">Pictures in all.</param>
public sealed record SymbolBuildProgress(int Done, int Total);
