using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>What symbols show: a line of symbols.yaml with its drawings.</summary>
internal sealed record SymbolThing
{
    /// <summary>A noun without article.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the noun is a plural.</summary>
    public bool IsMany { get; init; }

    /// <summary>Whether it is known by its colours, which then never change.</summary>
    public bool KeepsColors { get; init; }

    /// <summary>Its category among the nine where it stands alone; null: harmless.</summary>
    public string? Category { get; init; }

    /// <summary>Whether alone it is neither clearly harmful nor clearly harmless by the nine.</summary>
    public bool IsUnclear { get; init; }

    /// <summary>Its category among the novel ones; null: none.</summary>
    public string? NovelCategory { get; init; }

    /// <summary>What scenes ask for.</summary>
    public required IReadOnlySet<string> Groups { get; init; }

    /// <summary>Its drawings.</summary>
    public required IReadOnlyList<Symbol> Symbols { get; init; }

    /// <summary>Whether nothing forbids it where it stands alone.</summary>
    public bool IsHarmless => Category is null && NovelCategory is null && !IsUnclear;

    /// <summary>The name with its article: "a wolf trap", "an axe", "handcuffs".</summary>
    public string WithArticle => IsMany ? Name : $"{Article} {Name}";

    // By sound: an X-ray picture, but a euro sign.
    private string Article => "aeiouAEIOUX".Contains(Name[0], StringComparison.Ordinal) && !Name.StartsWith("eu", StringComparison.Ordinal) ? "an" : "a";

    /// <summary>The same thing with the drawings of one split only; null where it has none.</summary>
    public SymbolThing? In(DatasetSplit split)
    {
        Symbol[] own = [.. Symbols.Where(symbol => symbol.Split == split)];
        return own.Length == 0 ? null : this with { Symbols = own };
    }
}
