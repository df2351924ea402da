namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Whole phrases, those of the built-in categories above all, whose labels a person has chosen because the
/// words alone don't lead there, or lead too far. They are found as they are written there, letter by letter.</summary>
internal sealed class PhraseTable
{
    private readonly Dictionary<string, ChosenPhrase> _phrases = [];

    /// <exception cref="Inference.ModelLoadException">The table is missing, altered or broken.</exception>
    public static PhraseTable Load(ModelPackage package)
    {
        var table = new PhraseTable();
        TaxonomyFile.Read(package, "phrases.tsv", columns: 4, row => table._phrases[row[0]] = new ChosenPhrase(
            [.. row[1].Split('|', StringSplitOptions.RemoveEmptyEntries).Select(label => ChosenLabel.Parse(label, row))],
            row[2] switch
            {
                "full" => CoverageLevel.Full,
                "partial" => CoverageLevel.Partial,
                "none" => CoverageLevel.None,
                _ => throw row.Broken($"says '{row[2]}' where full, partial or none must stand"),
            },
            row[3]));
        return table;
    }

    public ChosenPhrase? Find(string phrase) => _phrases.GetValueOrDefault(phrase);
}

/// <summary>A phrase with labels chosen by hand.</summary>
/// <param name="NotJudged">What of it no label shows; empty: nothing.</param>
internal sealed record ChosenPhrase(IReadOnlyList<ChosenLabel> Labels, CoverageLevel Coverage, string NotJudged);

/// <summary>A label chosen by hand.</summary>
/// <param name="Name">Its set and name: <c>nsfw:Porn</c>.</param>
/// <param name="Weight">How much of its probability counts, above 0 and at most 1.</param>
internal readonly record struct ChosenLabel(string Name, double Weight)
{
    /// <summary>Reads <c>set:name</c>, or <c>set:name*weight</c>.</summary>
    public static ChosenLabel Parse(string text, TaxonomyFile.Row row) => text.Split('*') switch
    {
        [string name] => new(name, 1),
        [string name, string weight] when double.TryParse(weight, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is > 0 and <= 1 => new(name, value),
        _ => throw row.Broken($"holds '{text}' where a label must stand, such as nsfw:Porn or nsfw:Sexy*0.5"),
    };
}
