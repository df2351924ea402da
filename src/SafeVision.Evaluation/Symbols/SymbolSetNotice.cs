namespace SafeVision.Evaluation.Symbols;

/// <summary>An icon set that pictures were drawn from, and its licence.</summary>
internal sealed record SymbolSetNotice(string Prefix, string Name, string Version, string Author, string Url, string License);
