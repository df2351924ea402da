namespace SafeVision.Evaluation.Explanations;

/// <summary>Whether what a finding says fits together, and fits the image.</summary>
internal static class ExplanationChecks
{
    /// <summary>Whether the finding names a thing that is in the image and is evidence for its category: in its reason, in the
    /// model's own words or among its labels. Singular and plural count alike, and so do common other words for a thing.</summary>
    public static bool NamesObject(Finding finding, EvaluationSample sample)
    {
        string text = string.Join('\n', finding.Evidence.Labels.Select(label => label.Label).Append(finding.Reason).Append(finding.Evidence.Words ?? ""));
        return sample.Objects.Any(thing => thing.Categories.Contains(finding.Category) && ReasonWords.Names(text, thing.Name));
    }

    /// <summary>Whether category, reason and evidence agree. An unsafe finding shows evidence, and its reason has words of the
    /// category, of a label or phrase that is its evidence, or the model's own. A safe one asks for nothing and claims no harm in
    /// the model's own words. One that was not assessed has neither score nor evidence.</summary>
    /// <param name="categoryName">What people call the category; its id is known already.</param>
    public static bool IsConsistent(Finding finding, string? categoryName = null)
    {
        return finding.Verdict switch
        {
            Verdict.Unsafe => finding.Decision != Decision.Allow && finding.Score >= finding.Threshold && HasEvidence(finding) && ReasonFits(finding, categoryName),
            Verdict.Safe => finding.Decision == Decision.Allow && finding.Score < finding.Threshold && string.IsNullOrEmpty(finding.Evidence.Words),
            _ => finding.Score is null && !HasEvidence(finding),
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

/// <summary>Whether a text names a thing: by its name, by the last word of it (a "wolf trap" is a trap), or by another word for
/// that, in the singular or plural. Words only: a text that says "no knife" names the knife.</summary>
internal static partial class ReasonWords
{
    // Other words for what datasets of harm call things; each line is one meaning.
    private static readonly string[][] Meanings =
    [
        ["gun", "pistol", "revolver", "handgun", "firearm", "rifle", "shotgun", "carbine", "musket"],
        ["knife", "dagger", "blade", "machete", "cleaver", "switchblade"],
        ["bomb", "explosive", "grenade", "dynamite", "mine"],
        ["bullet", "ammunition", "cartridge", "ammo"],
        ["trap", "snare"],
        ["cage", "crate", "pen"],
        ["syringe", "needle", "injection"],
        ["pill", "tablet", "capsule", "medicine", "medication"],
        ["cigarette", "cigar", "tobacco", "smoking"],
        ["beer", "lager", "ale"],
        ["drink", "cocktail", "martini"],
        ["fire", "flame", "blaze", "burning"],
        ["wave", "tsunami", "flood"],
        ["tornado", "cyclone", "twister", "hurricane"],
        ["skull", "skeleton"],
        ["blood", "bleeding"],
        ["fist", "punch"],
        ["noose", "rope", "knot"],
        ["razor", "razorblade"],
        ["robber", "thief", "burglar", "bandit"],
        ["mask", "balaclava"],
        ["handcuff", "shackle", "manacle"],
        ["ballot", "vote", "voting"],
        ["dog", "puppy", "hound"],
        ["cat", "kitten"],
        ["pig", "piglet", "swine"],
        ["cow", "cattle", "bull"],
        ["chicken", "hen", "rooster"],
        ["dice", "die"],
        ["card", "cards"],
        ["money", "cash", "banknote", "bill"],
        ["coffin", "casket"],
        ["grave", "tombstone", "headstone"],
        ["phone", "smartphone", "mobile"],
        ["underwear", "lingerie", "briefs"],
        ["kiss", "lips"],
    ];

    private static readonly Dictionary<string, int> MeaningOf = Meanings
        .SelectMany((words, meaning) => words.Select(word => (Word: Singular(word), meaning)))
        .GroupBy(pair => pair.Word)
        .ToDictionary(group => group.Key, group => group.First().meaning);

    /// <summary>Whether the text names the thing.</summary>
    public static bool Names(string text, string thing)
    {
        string[] name = Split(thing);
        if (name.Length == 0)
        {
            return false;
        }

        string last = name[^1];
        return Split(text).Any(word => word == last || (MeaningOf.TryGetValue(word, out int one) && MeaningOf.TryGetValue(last, out int other) && one == other));
    }

    /// <summary>The words of a text in lower case and singular.</summary>
    public static string[] Split(string text) => [.. Word().Matches(text).Select(match => Singular(match.Value.ToLowerInvariant()))];

    // "glass", "bus" and "is" end in s and are no plurals; "knives" and "berries" change more than their end.
    private static string Singular(string word) => word switch
    {
        { Length: > 4 } when word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "y",
        "knives" or "wives" or "lives" => word[..^3] + "fe",
        { Length: > 4 } when word.EndsWith("ves", StringComparison.Ordinal) => word[..^3] + "f",
        { Length: > 4 } when word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("xes", StringComparison.Ordinal) || word.EndsWith("ches", StringComparison.Ordinal) || word.EndsWith("shes", StringComparison.Ordinal) => word[..^2],
        { Length: > 3 } when word.EndsWith('s') && word[^2] is not ('s' or 'u' or 'i') => word[..^1],
        _ => word,
    };

    [GeneratedRegex(@"\p{L}+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
