namespace SafeVision.Assessments;

/// <summary>What an engine can judge of one category, fixed when the policy is compiled.</summary>
/// <param name="CategoryId">The category's id.</param>
/// <param name="Level">How much of it is covered.</param>
/// <param name="Phrases">Phrase by phrase, in the policy's order, includes first.</param>
public sealed record CategoryCoverage(string CategoryId, CoverageLevel Level, IReadOnlyList<PhraseCoverage> Phrases)
{
    /// <summary>The includes that are judged, in full or in part.</summary>
    public IEnumerable<PhraseCoverage> Covered => Phrases.Where(phrase => phrase.Role == PhraseRole.Include && phrase.Level != CoverageLevel.None);

    /// <summary>
    /// The phrases that nothing carries: an image that shows only such an include is not recognised, and such an exclude is
    /// judged with the rest.
    /// </summary>
    public IEnumerable<string> Uncovered =>
        Phrases.Where(phrase => phrase.Level == CoverageLevel.None && (phrase.Role == PhraseRole.Include || phrase.NotJudged is not null)).Select(phrase => phrase.Phrase);

    /// <summary>The excludes that the models can't tell from the rest, whole or in part: what they name is judged with it.</summary>
    public IEnumerable<PhraseCoverage> CannotBeExcluded => Phrases.Where(phrase => phrase is { Role: PhraseRole.Exclude, NotJudged: not null });

    /// <summary>The coverage of a category that an engine knows nothing about.</summary>
    public static CategoryCoverage None(string categoryId, IEnumerable<string> phrases) =>
        new(categoryId, CoverageLevel.None, [.. phrases.Select(phrase => new PhraseCoverage(phrase, CoverageLevel.None))]);

    /// <summary>
    /// What two engines cover together: a phrase as well as the better of them; but an exclude only as well as the worse one,
    /// because the higher score decides.
    /// </summary>
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
