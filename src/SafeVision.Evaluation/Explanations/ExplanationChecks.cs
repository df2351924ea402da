using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Explanations;

/// <summary>Whether what a finding says fits together, and fits the picture.</summary>
public static class ExplanationChecks
{
    /// <summary>
    /// Whether the finding names a thing that is in the picture and is evidence for its category: in its reason, in the model's
    /// own words or among its labels. Singular and plural count alike, and so do common other words for a thing.
    /// </summary>
    public static bool NamesObject(Finding finding, EvaluationSample sample)
    {
        ArgumentNullException.ThrowIfNull(finding);
        ArgumentNullException.ThrowIfNull(sample);
        string text = string.Join('\n', finding.Evidence.Labels.Select(label => label.Label).Append(finding.Reason).Append(finding.Evidence.Words ?? ""));
        return sample.Objects.Any(thing => thing.Categories.Contains(finding.Category) && ReasonWords.Names(text, thing.Name));
    }

    /// <summary>
    /// Whether category, reason and evidence agree. An unsafe finding shows evidence, and its reason has words of the category,
    /// of a label or phrase that is its evidence, or the model's own. A safe one asks for nothing and claims no harm in the
    /// model's own words. One that was not assessed has neither score nor evidence.
    /// </summary>
    /// <param name="finding">The finding.</param>
    /// <param name="categoryName">What people call the category; its id is known already.</param>
    public static bool IsConsistent(Finding finding, string? categoryName = null)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return finding.Verdict switch
        {
            Verdict.Unsafe => finding.Decision != Decision.Allow && finding.Score >= finding.Threshold && HasEvidence(finding) && ReasonFits(finding, categoryName),
            Verdict.Safe => finding.Decision == Decision.Allow && finding.Score < finding.Threshold && string.IsNullOrEmpty(finding.Evidence.Words),
            _ => double.IsNaN(finding.Score) && !HasEvidence(finding),
        };
    }

    private static bool HasEvidence(Finding finding) => finding.Evidence is { } evidence
        && (evidence.Labels.Count > 0 || evidence.Boxes.Count > 0 || evidence.HeatMap is not null || evidence.Probability is not null || !string.IsNullOrEmpty(evidence.Words));

    private static bool ReasonFits(Finding finding, string? categoryName)
    {
        if (finding.Evidence.Words is { Length: > 0 } words)
        {
            return finding.Reason.Contains(words, StringComparison.Ordinal);
        }

        // Words of two letters ("of", "in") are in every reason.
        var said = ReasonWords.Split(finding.Reason).ToHashSet(StringComparer.Ordinal);
        IEnumerable<string> expected = finding.Evidence.Labels.SelectMany(label => (string[])[label.Label, label.Phrase])
            .Append(categoryName ?? "").Append(finding.Category.Replace('_', ' '));
        return expected.SelectMany(ReasonWords.Split).Any(word => word.Length > 2 && said.Contains(word));
    }
}
