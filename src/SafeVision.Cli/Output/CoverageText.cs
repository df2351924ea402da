using System.Text;
using SafeVision.Assessments;

namespace SafeVision.Cli.Output;

/// <summary>What of a policy the models see, phrase by phrase.</summary>
internal static class CoverageText
{
    private const int MostLabels = 5;

    /// <summary>As comments of a YAML file.</summary>
    public static string Comments(IEnumerable<CategoryCoverage> categories)
    {
        var text = new StringBuilder();
        foreach (CategoryCoverage coverage in categories)
        {
            text.Append($"#   {coverage.CategoryId}: {Level(coverage)}\n");
            foreach (PhraseCoverage phrase in coverage.Covered)
            {
                text.Append(FormattableString.Invariant($"#     '{phrase.Phrase}' by {Labels(phrase)}\n"));
            }

            foreach (string phrase in coverage.Uncovered)
            {
                text.Append($"#     '{phrase}' by nothing\n");
            }
        }

        return text.ToString();
    }

    /// <summary>As Markdown: a heading a category, a table of what is seen, a list of what is not.</summary>
    public static string Markdown(IEnumerable<CategoryCoverage> categories)
    {
        var text = new StringBuilder();
        foreach (CategoryCoverage coverage in categories)
        {
            text.Append($"### {coverage.CategoryId}: {Level(coverage)}\n\n");
            if (coverage.Covered.Any())
            {
                text.Append("| seen | by the labels |\n|---|---|\n");
                foreach (PhraseCoverage phrase in coverage.Covered)
                {
                    text.Append($"| {phrase.Phrase} | {Labels(phrase)} |\n");
                }

                text.Append('\n');
            }

            if (coverage.Uncovered.Any())
            {
                text.Append($"Not seen: {string.Join("; ", coverage.Uncovered)}.\n\n");
            }
        }

        return text.ToString();
    }

    private static string Level(CategoryCoverage coverage) => coverage.Level switch
    {
        CoverageLevel.Full => "full",
        CoverageLevel.Partial => "in part",
        _ => "not assessed",
    };

    /// <summary>By the first of each label's names: ImageNet's go "revolver, six-gun, six-shooter".</summary>
    private static string Labels(PhraseCoverage phrase) =>
        string.Join(", ", phrase.Labels.Take(MostLabels).Select(label => label.Split(", ")[0]))
        + (phrase.Labels.Count > MostLabels ? $" and {phrase.Labels.Count - MostLabels} more" : "");
}
