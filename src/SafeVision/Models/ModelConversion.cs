using System.Collections.ObjectModel;

namespace SafeVision.Models;

/// <summary>How a model was made from its checkpoint, so that it can be made again.</summary>
public sealed record ModelConversion
{
    /// <summary>The tool.</summary>
    public string Tool { get; init => field = value ?? ""; } = "";

    /// <summary>The version of what the tool writes; another one may give another file.</summary>
    public string Version { get; init => field = value ?? ""; } = "";

    /// <summary>What it was told.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The checkpoint's files and their SHA-256 hashes.</summary>
    public IReadOnlyDictionary<string, string> SourceFiles { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>What rounding the weights cost; null where they were not rounded, or where that was not measured.</summary>
    public PrecisionLoss? PrecisionLoss { get; init; }
}
