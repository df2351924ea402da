namespace SafeVision.Assessments;

/// <summary>What an engine can judge of one category, fixed when the policy is compiled.</summary>
/// <param name="CategoryId">The category's id.</param>
/// <param name="Level">How much of it is covered.</param>
/// <param name="Phrases">Phrase by phrase, in the policy's order, includes first.</param>
public sealed record CategoryCoverage(string CategoryId, CoverageLevel Level, IReadOnlyList<PhraseCoverage> Phrases)
{
    /// <summary>The includes that are judged, in full or in part.</summary>
    public IEnumerable<PhraseCoverage> Covered => Phrases.Where(phrase => phrase.Role == PhraseRole.Include && phrase.Level != CoverageLevel.None);

    /// <summary>The phrases that nothing carries: an image that shows only such an include is not recognised, and such an exclude is judged with the rest.</summary>
    public IEnumerable<string> Uncovered =>
        Phrases.Where(phrase => phrase.Level == CoverageLevel.None && (phrase.Role == PhraseRole.Include || phrase.NotJudged is not null)).Select(phrase => phrase.Phrase);

    /// <summary>The excludes that the models can't tell from the rest, whole or in part: what they name is judged with it.</summary>
    public IEnumerable<PhraseCoverage> CannotBeExcluded => Phrases.Where(phrase => phrase is { Role: PhraseRole.Exclude, NotJudged: not null });

    /// <summary>The coverage of a category that an engine knows nothing about.</summary>
    public static CategoryCoverage None(string categoryId, IEnumerable<string> phrases) =>
        new(categoryId, CoverageLevel.None, [.. phrases.Select(phrase => new PhraseCoverage(phrase, CoverageLevel.None))]);

    /// <summary>What two engines cover together: a phrase as well as the better of them; but an exclude only as well as the worse
    /// one, because the higher score decides.</summary>
    public CategoryCoverage Union(CategoryCoverage other)
    {
        var phrases = new List<PhraseCoverage>();
        foreach (PhraseCoverage phrase in Phrases.Concat(other.Phrases).DistinctBy(phrase => (phrase.Phrase, phrase.Role)))
        {
            PhraseCoverage? first = Of(this, phrase), second = Of(other, phrase);
            phrases.Add(first is null || second is null ? phrase : Union(first, second));
        }

        CoverageLevel level = (Level, other.Level) switch
        {
            (CoverageLevel.None, CoverageLevel.None) => CoverageLevel.None,
            (CoverageLevel.Full, _) or (_, CoverageLevel.Full) => CoverageLevel.Full,
            _ when phrases.Count > 0 && phrases.TrueForAll(phrase => phrase.Role == PhraseRole.Exclude || phrase.Level == CoverageLevel.Full) => CoverageLevel.Full,
            _ => CoverageLevel.Partial,
        };
        return new CategoryCoverage(CategoryId, level, phrases);

        static PhraseCoverage? Of(CategoryCoverage coverage, PhraseCoverage phrase) =>
            coverage.Phrases.FirstOrDefault(one => one.Phrase == phrase.Phrase && one.Role == phrase.Role);
    }

    private static PhraseCoverage Union(PhraseCoverage first, PhraseCoverage second)
    {
        bool takesFirst = first.Role == PhraseRole.Include
            ? first.Level >= second.Level
            : second.NotJudged is null && (first.NotJudged is not null || first.Level <= second.Level);
        PhraseCoverage taken = takesFirst ? first : second;
        return taken with { Labels = [.. first.Labels.Union(second.Labels)] };
    }
}

/// <summary>How much of a category an engine can judge.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<CoverageLevel>))]
public enum CoverageLevel
{
    /// <summary>Nothing: the category is reported as not assessed.</summary>
    None = 0,

    /// <summary>A part; <see cref="CategoryCoverage"/> says which.</summary>
    Partial = 1,

    /// <summary>Every phrase of the category.</summary>
    Full = 2,
}

/// <summary>What an engine can judge of one phrase of a policy.</summary>
/// <param name="Phrase">The phrase as the policy has it, or the category's name where the model was trained on the whole category.</param>
/// <param name="Level">How much of it is judged. Of an exclude: how much of it can be told apart.</param>
public sealed record PhraseCoverage(string Phrase, CoverageLevel Level)
{
    /// <summary>Whether the phrase belongs to the category or is allowed after all.</summary>
    public PhraseRole Role { get; init; }

    /// <summary>What carries it: labels as <c>set:index first-name</c>, by set and index, or a model's answer.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How its labels were found.</summary>
    public LabelLink By { get; init; }

    /// <summary>What of it is not judged, or of an exclude: what can't be told apart and is judged with the rest; null: nothing.</summary>
    public string? NotJudged { get; init; }

    /// <summary>The nearest known things, where the phrase is not or hardly judged; null: none.</summary>
    public string? Suggestion { get; init; }
}

/// <summary>What a phrase is for in its category.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<PhraseRole>))]
public enum PhraseRole
{
    /// <summary>It belongs to the category.</summary>
    Include = 0,

    /// <summary>It is allowed after all.</summary>
    Exclude = 1,
}

/// <summary>How the labels of a phrase were found.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<LabelLink>))]
public enum LabelLink
{
    /// <summary>They are the thing named, or kinds of it.</summary>
    Kind = 0,

    /// <summary>They only go with it: a beer bottle holds beer.</summary>
    Relation = 1,

    /// <summary>A person chose them for this phrase.</summary>
    Hand = 2,
}
