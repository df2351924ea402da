using System.Diagnostics.CodeAnalysis;

namespace SafeVision.Evaluation.Symbols.Icons;

/// <summary>Icons of one hand, with what their licence asks to be said.</summary>
internal sealed class IconSet
{
    /// <summary>What ids begin with elsewhere: <c>noto</c> of <c>noto:dog</c>.</summary>
    public required string Prefix { get; init; }

    /// <summary>The set's name.</summary>
    public required string Name { get; init; }

    /// <summary>The version of the npm package; empty where unknown.</summary>
    public string Version { get; init; } = "";

    /// <summary>Who drew it.</summary>
    public string Author { get; init; } = "";

    /// <summary>Where it comes from.</summary>
    public string Url { get; init; } = "";

    /// <summary>The licence's SPDX id; empty where the file does not say.</summary>
    public string License { get; init; } = "";

    /// <summary>The icons by id.</summary>
    public required IReadOnlyDictionary<string, Icon> Icons { get; init; }

    /// <summary>Finds an icon.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out Icon? icon) => Icons.TryGetValue(id, out icon);
}
