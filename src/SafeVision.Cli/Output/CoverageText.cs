using System.Text.Encodings.Web;

namespace SafeVision.Cli.Output;

/// <summary>What of a policy the models see, phrase by phrase.</summary>
internal static class CoverageText
{
    private const int MostLabels = 5;

    private static readonly JsonWriterOptions s_json = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
    public static string Json(SafetyPolicy policy, IEnumerable<CategoryCoverage> categories)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, s_json))
        {
            writer.WriteStartObject();
            writer.WriteString("policy", policy.Name);
            writer.WriteStartArray("categories");
            foreach (CategoryCoverage category in categories)
            {
                writer.WriteStartObject();
                writer.WriteString("id", category.CategoryId);
                writer.WriteString("coverage", Word(category.Level));
                writer.WriteStartArray("phrases");
                foreach (PhraseCoverage phrase in category.Phrases)
                {
                    Write(writer, phrase);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

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

    private static void Write(Utf8JsonWriter writer, PhraseCoverage phrase)
    {
        writer.WriteStartObject();
        writer.WriteString("phrase", phrase.Phrase);
        writer.WriteString("role", phrase.Role == PhraseRole.Include ? "include" : "exclude");
        writer.WriteString("coverage", Word(phrase.Level));
        writer.WriteStartArray("labels");
        foreach (string label in phrase.Labels)
        {
            writer.WriteStringValue(label);
        }

        writer.WriteEndArray();
        writer.WriteString("by", phrase.By switch { LabelLink.Relation => "relation", LabelLink.Hand => "hand", _ => "kind" });
        writer.WriteString("notJudged", phrase.NotJudged);
        writer.WriteString("suggestion", phrase.Suggestion);
        writer.WriteEndObject();
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
