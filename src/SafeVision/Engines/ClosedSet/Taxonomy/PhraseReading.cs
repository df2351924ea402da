namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Why a label counts for a word.</summary>
/// <param name="Relation"><c>is</c>, <c>kind of</c>, or a relation's verb such as <c>holds</c>.</param>
/// <param name="Word">The word, or what the relation leads to.</param>
/// <param name="Weight">How much of the label's probability counts, above 0 and at most 1.</param>
internal readonly record struct LabelReason(int Label, string Relation, string Word, double Weight = 1)
{
    public const string Is = "is";
    public const string KindOf = "kind of";

    public const string CountsAs = "counts as"; // a model's manifest says that the label stands for the category

    /// <summary>Whether the label is the thing or a kind of it, and doesn't only go with it.</summary>
    public bool IsKind => Relation is Is or KindOf;
}

/// <summary>What a phrase, or one thing of it, means among the labels of a vocabulary.</summary>
internal sealed class PhraseReading(LabelBits labels, LabelBits near, LabelBits wider)
{
    public LabelBits Labels { get; set; } = labels;

    public CoverageLevel Coverage { get; set; }

    public List<string> NotJudged { get; set; } = []; // parts of the phrase that nothing judges
    public List<LabelReason> Why { get; set; } = []; // why each label is there, in the order of the words
    public List<string> Missing { get; set; } = []; // well-known kinds of the thing that no label shows
    public List<string> Suggestions { get; set; } = []; // names of labels that come close

    public List<string> Notes { get; set; } = [];

    public string? KnownThing { get; set; } // the thing that would be known without what is said of it; null: none

    /// <summary>Whether nothing restricts the things named, so that an exclude may take them away.</summary>
    public bool IsPlain { get; set; } = true;

    /// <summary>Whether it ends inside a relation, which what follows in the list is then part of.</summary>
    public bool IsOpen { get; set; }

    public bool IsByHand { get; set; } // whether its labels were chosen by hand
    public string Text { get; set; } = ""; // the words, for what can't be told apart
    public LabelBits Near { get; set; } = near; // labels of the thing itself where what is said of it is not judged
    public LabelBits Wider { get; set; } = wider; // labels that are more than what the phrase means: "dog" for poodles

    public static PhraseReading Empty(Vocabulary vocabulary) => new(vocabulary.None(), vocabulary.None(), vocabulary.None());

    /// <summary>A copy that may be changed without changing this one.</summary>
    public PhraseReading Copy() => new(Labels.Copy(), Near.Copy(), Wider.Copy())
    {
        Coverage = Coverage,
        NotJudged = [.. NotJudged],
        Why = [.. Why],
        Missing = [.. Missing],
        Suggestions = [.. Suggestions],
        Notes = [.. Notes],
        KnownThing = KnownThing,
        IsPlain = IsPlain,
        IsOpen = IsOpen,
        IsByHand = IsByHand,
        Text = Text,
    };

    /// <summary>Several readings as one: what any of them reaches, covered in full only if each of them is.</summary>
    public static PhraseReading Union(Vocabulary vocabulary, IReadOnlyList<PhraseReading> readings)
    {
        PhraseReading union = Empty(vocabulary);
        foreach (PhraseReading reading in readings)
        {
            union.Labels.UnionWith(reading.Labels);
            union.Wider.UnionWith(reading.Wider);
        }

        union.IsPlain = readings.All(reading => reading.IsPlain);
        union.NotJudged = [.. readings.SelectMany(reading => reading.NotJudged).Distinct()];
        union.Why = [.. readings.SelectMany(reading => reading.Why).Distinct()];
        union.Missing = [.. readings.SelectMany(reading => reading.Missing).Distinct()];
        union.Suggestions = [.. readings.SelectMany(reading => reading.Suggestions).Distinct()];
        union.Notes = [.. readings.SelectMany(reading => reading.Notes).Distinct()];
        union.KnownThing = readings.Select(reading => reading.KnownThing).FirstOrDefault(thing => thing is not null);
        union.Coverage = Together(readings.Select(reading => reading.Coverage));
        return union;
    }

    /// <summary>The level that all have, and in part where they differ; none where there is none.</summary>
    public static CoverageLevel Together(IEnumerable<CoverageLevel> levels) => levels.Distinct().ToArray() switch
    {
        [] => CoverageLevel.None,
        [var same] => same,
        _ => CoverageLevel.Partial,
    };
}
