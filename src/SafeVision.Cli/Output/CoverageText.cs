using System.Text.Encodings.Web;
using System.Text.Json.Nodes;

namespace SafeVision.Cli.Output;

/// <summary>What of a policy the models see, phrase by phrase.</summary>
internal static class CoverageText
{
    private const int MostLabels = 5;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As comments of a YAML file.</summary>
    public static string Comments(IEnumerable<CategoryCoverage> categories)
    {
        var text = new StringBuilder();
        foreach (CategoryCoverage coverage in categories)
        {
            text.Append($"#   {coverage.CategoryId}: {Level(coverage.Level)}\n");
            foreach (PhraseCoverage phrase in coverage.Phrases)
            {
                text.Append($"#     {Describe(phrase)}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>As one JSON object, which scripts rely on.</summary>
    public static string Json(SafetyPolicy policy, IEnumerable<CategoryCoverage> categories) => new JsonObject
    {
        ["policy"] = policy.Name,
        ["categories"] = new JsonArray([.. categories.Select(category => new JsonObject
        {
            ["id"] = category.CategoryId,
            ["coverage"] = Word(category.Level),
            ["phrases"] = new JsonArray([.. category.Phrases.Select(phrase => new JsonObject
            {
                ["phrase"] = phrase.Phrase,
                ["role"] = phrase.Role == PhraseRole.Include ? "include" : "exclude",
                ["coverage"] = Word(phrase.Level),
                ["labels"] = new JsonArray([.. phrase.Labels.Select(label => (JsonNode)label)]),
                ["by"] = phrase.By switch { LabelLink.Relation => "relation", LabelLink.Hand => "hand", _ => "kind" },
                ["notJudged"] = phrase.NotJudged,
                ["suggestion"] = phrase.Suggestion,
            })]),
        })]),
    }.ToJsonString(s_json) + "\n";

    /// <summary>As Markdown: a heading a category, a table of what is seen, a list of what is not.</summary>
    public static string Markdown(IEnumerable<CategoryCoverage> categories)
    {
        var text = new StringBuilder();
        foreach (CategoryCoverage coverage in categories)
        {
            text.Append($"### {coverage.CategoryId}: {Level(coverage.Level)}\n\n");
            if (coverage.Covered.Any())
            {
                text.Append("| seen | by the labels | not judged |\n|---|---|---|\n");
                foreach (PhraseCoverage phrase in coverage.Covered)
                {
                    text.Append($"| {phrase.Phrase} | {Labels(phrase)} | {phrase.NotJudged} |\n");
                }

                text.Append('\n');
            }

            Append(text, "Not seen", coverage.Phrases.Where(phrase => phrase is { Role: PhraseRole.Include, Level: CoverageLevel.None }).Select(phrase => phrase.Phrase));
            Append(text, "Can't be excluded", coverage.Level == CoverageLevel.None ? [] : coverage.CannotBeExcluded.Select(phrase => phrase.NotJudged!));
        }

        return text.ToString();
    }

    /// <summary>A phrase with what carries it and what of it is not judged, on one line.</summary>
    private static string Describe(PhraseCoverage phrase)
    {
        string suggestion = phrase.Suggestion is null ? "" : $"; nearest: {phrase.Suggestion}";
        return phrase switch
        {
            { Role: PhraseRole.Exclude, Level: CoverageLevel.None, NotJudged: null } => $"except '{phrase.Phrase}': nothing of it is included",
            { Role: PhraseRole.Exclude, Level: CoverageLevel.None } => $"except '{phrase.Phrase}': can't be excluded by these models, and is judged with the rest",
            { Role: PhraseRole.Exclude, NotJudged: null } => $"except '{phrase.Phrase}' by {Labels(phrase)}",
            { Role: PhraseRole.Exclude } => $"except '{phrase.Phrase}' by {Labels(phrase)}; can't be excluded: {phrase.NotJudged}",
            { Level: CoverageLevel.None } => $"'{phrase.Phrase}': not judged{suggestion}",
            { NotJudged: null } => $"'{phrase.Phrase}': in full, by {Labels(phrase)}",
            _ => $"'{phrase.Phrase}': {Level(phrase.Level)}, by {Labels(phrase)}; not judged: {phrase.NotJudged}{suggestion}",
        };
    }

    private static void Append(StringBuilder text, string title, IEnumerable<string> phrases)
    {
        string list = string.Join("; ", phrases);
        text.Append(list.Length == 0 ? "" : $"{title}: {list}.\n\n");
    }

    private static string Word(CoverageLevel level) => level switch { CoverageLevel.Full => "full", CoverageLevel.Partial => "partial", _ => "none" };

    private static string Level(CoverageLevel level) => level switch { CoverageLevel.Full => "full", CoverageLevel.Partial => "in part", _ => "not assessed" };

    /// <summary>Of "imagenet:763 revolver" the name, which a drawing of one may have too.</summary>
    private static string Labels(PhraseCoverage phrase)
    {
        string[] names = [.. phrase.Labels.Select(Name).Distinct()];
        return string.Join(", ", names.Take(MostLabels)) + (names.Length > MostLabels ? $" and {names.Length - MostLabels} more" : "");
    }

    private static string Name(string label) => label.IndexOf(' ') is var blank and > 0 && label.AsSpan(0, blank).Contains(':') ? label[(blank + 1)..] : label;
}
