namespace SafeVision.Engines.ClosedSet;

/// <summary>A policy read among the labels at hand: what each category means, and what of it can be judged. Coverage is
/// said by the networks for photographs; the labels of a head for drawings add to what drawings score, and to nothing
/// else.</summary>
internal sealed class PolicyReading
{
    private readonly SafetyPolicy _policy;
    private readonly Vocabulary _photos;
    private readonly Vocabulary? _drawings;
    private readonly CategoryReading[] _photoReadings;
    private readonly CategoryReading[]? _drawnReadings;

    /// <param name="drawings">The labels of a head for drawings; null: none.</param>
    /// <param name="cancellationToken">Ends the reading between two categories.</param>
    public PolicyReading(SafetyPolicy policy, Vocabulary photos, Vocabulary? drawings, CancellationToken cancellationToken)
    {
        (_policy, _photos, _drawings) = (policy, photos, drawings);
        _photoReadings = ReadAll(policy, photos, cancellationToken);
        _drawnReadings = drawings is null ? null : ReadAll(policy, drawings, cancellationToken);
        Coverage = [.. policy.Categories.Select((category, i) => Cover(category, i))];
    }

    /// <summary>What of each category the networks can judge together, in the policy's order.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>The policy's categories on the labels of one network.</summary>
    public CategoryRule[] RulesFor(LabelSet set) => [.. _policy.Categories.Select((category, i) => CategoryRule.Of(category, _photoReadings[i], _photos, set))];

    /// <summary>The policy's categories on the labels of the head for drawings.</summary>
    public CategoryRule[] DrawnRulesFor(LabelSet set) => [.. _policy.Categories.Select((category, i) => CategoryRule.Of(category, _drawnReadings![i], _drawings!, set))];

    private static CategoryReading[] ReadAll(SafetyPolicy policy, Vocabulary vocabulary, CancellationToken cancellationToken)
    {
        var reader = new PhraseReader(vocabulary);
        var readings = new CategoryReading[policy.Categories.Count];
        for (int i = 0; i < readings.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            SafetyCategory category = policy.Categories[i];
            readings[i] = CategoryReading.Read(
                reader, vocabulary, category.Includes, category.Excludes, MappedLabels.Of(vocabulary, category.Id, category.Name));
        }

        return readings;
    }

    private CategoryCoverage Cover(SafetyCategory category, int place)
    {
        CategoryReading photo = _photoReadings[place];
        CategoryReading? drawn = _drawnReadings?[place];
        return new CategoryCoverage(
            category.Id,
            photo.Whole.Coverage,
            [
                .. photo.Mapped is null ? [] : (PhraseCoverage[])[CoverMapped(category, photo.Mapped)],
                .. photo.Mapped is { IsWhole: true } ? [] : category.Includes.Select((phrase, i) => CoverInclude(phrase, photo.Includes[i], drawn?.Includes[i])),
                .. category.Excludes.Select((phrase, i) => CoverExclude(phrase, photo.Excludes[i], drawn?.Excludes[i])),
            ]);
    }

    private PhraseCoverage CoverMapped(SafetyCategory category, MappedLabels mapped) => new(category.Name, mapped.IsWhole ? CoverageLevel.Full : CoverageLevel.Partial)
    {
        Labels = [.. mapped.Why.Select(why => _photos.Labels[why.Label].Id)],
        By = LabelLink.Hand,
    };

    private PhraseCoverage CoverInclude(string phrase, PhraseReading photo, PhraseReading? drawn) => new(phrase, photo.Coverage)
    {
        Role = PhraseRole.Include,
        Labels = Ids(photo.Labels, drawn?.Labels),
        By = photo.IsByHand ? LabelLink.Hand : Link(photo.Why, drawn?.Why),
        NotJudged = NotJudged(phrase, photo),
        Suggestion = photo.Coverage == CoverageLevel.Full ? null
            : photo.Suggestions.Count > 0 ? string.Join(", ", photo.Suggestions.Take(3))
            : photo.Coverage == CoverageLevel.None ? photo.KnownThing : null,
    };

    private PhraseCoverage CoverExclude(string phrase, ExcludeReading photo, ExcludeReading? drawn) => new(phrase, photo.Coverage)
    {
        Role = PhraseRole.Exclude,
        Labels = Ids(photo.Labels, drawn?.Labels),
        By = Link(photo.Why, drawn?.Why),
        NotJudged = photo.CannotBeExcluded.Count > 0 ? string.Join("; ", photo.CannotBeExcluded) : null,
    };

    /// <summary>How the labels go with the phrase: those of the networks where there are any, as coverage is theirs to say.</summary>
    private static LabelLink Link(IEnumerable<LabelReason> photo, IEnumerable<LabelReason>? drawn)
    {
        LabelReason[] why = [.. photo];
        why = why.Length > 0 ? why : [.. drawn ?? []];
        return why.Length == 0 || Array.Exists(why, reason => reason.IsKind) ? LabelLink.Kind : LabelLink.Relation;
    }

    private static string? NotJudged(string phrase, PhraseReading reading)
    {
        const int mostKinds = 5;
        var parts = new List<string>(reading.NotJudged.Where(part => part.Length > 0));
        parts.AddRange(reading.Notes.Where(note => note.StartsWith(PhraseReader.CannotBeToldApart, StringComparison.Ordinal)));
        if (reading.Coverage == CoverageLevel.Partial && reading.Missing.Count > 0)
        {
            parts.Add($"kinds without a label, such as {string.Join(", ", reading.Missing.Take(mostKinds))}");
        }

        return parts.Count > 0 ? string.Join("; ", parts)
            : reading.Coverage == CoverageLevel.Full ? null
            : $"what '{phrase}' means beyond these labels";
    }

    /// <summary>By set and index; the sets of drawings are others than those of photographs.</summary>
    private string[] Ids(LabelBits photos, LabelBits? drawings) =>
    [
        .. photos.Select(label => _photos.Labels[label])
            .Concat(drawings?.Select(label => _drawings!.Labels[label]) ?? [])
            .OrderBy(label => label.Set, StringComparer.Ordinal).ThenBy(label => label.Index)
            .Select(label => label.Id),
    ];
}

/// <summary>The labels of an engine's models under one taxonomy: those of its networks, and apart from them those of its head for drawings.</summary>
internal sealed class LabelsAtHand
{
    private readonly Vocabulary _photos;
    private readonly Vocabulary? _drawn;

    public LabelsAtHand(WordTaxonomy taxonomy, IReadOnlyList<ModelPackage> classifiers, ModelPackage? drawings)
    {
        Networks = [.. classifiers.Select(classifier => LabelSet.Of(classifier.Manifest, taxonomy))];
        Drawings = drawings is null ? null : LabelSet.Of(drawings.Manifest, taxonomy);
        _photos = new Vocabulary(taxonomy, Networks);
        _drawn = Drawings is null ? null : new Vocabulary(taxonomy, [Drawings]);
        Provenance = taxonomy.Manifest is { } manifest ? [new ModelProvenance("classifier", manifest.Id, taxonomy.Identity, "cpu", null)] : [];
    }

    public IReadOnlyList<LabelSet> Networks { get; } // by network, in the engine's order
    public LabelSet? Drawings { get; } // of the head for drawings; null: there is none

    /// <summary>Which words and labels these are, since with others the same policy may mean something else; empty: no taxonomy.</summary>
    public IReadOnlyList<ModelProvenance> Provenance { get; }

    public PolicyReading Read(SafetyPolicy policy, CancellationToken cancellationToken) => new(policy, _photos, _drawn, cancellationToken);
}
