// ClosedSet: classifiers with fixed labels, judged by any policy. ClassifierEngine compiles a policy into a PolicyReading (Taxonomy/ reads
// its words) and CategoryRules; CompiledClassifier shows each view of an image (ViewPlanner) to the networks and ClassifierReport scores it.
// What concerns drawings is in CompiledDrawings, DrawingsHead and FlatImage.

namespace SafeVision.Engines.ClosedSet;

/// <summary>One category compiled for the labels of one model: which of them count for it and why, and which are excepted.</summary>
internal sealed class CategoryRule
{
    private readonly float[] _weights; // [outputs]
    private readonly Dictionary<int, string> _excepted; // output → the exclude

    private CategoryRule(SafetyCategory category, CoverageLevel level, RuleLabel[] labels, float[] weights, Dictionary<int, string> excepted) =>
        (Category, Level, Labels, _weights, _excepted) = (category, level, labels, weights, excepted);

    public SafetyCategory Category { get; }

    public CoverageLevel Level { get; } // how much of the category this model's labels show
    public IReadOnlyList<RuleLabel> Labels { get; } // the labels that count, by index

    /// <summary>How much of each output's probability counts, 0 to 1.</summary>
    public ReadOnlySpan<float> Weights => _weights;

    /// <summary>Whether an output counts for the category.</summary>
    public bool Includes(int output) => _weights[output] > 0;

    /// <summary>The exclude that excepts an output; null: none does.</summary>
    public string? ExceptionOf(int output) => _excepted.GetValueOrDefault(output);

    public static CategoryRule Of(SafetyCategory category, CategoryReading reading, Vocabulary vocabulary, LabelSet set)
    {
        float[] weights = new float[set.Manifest.Labels.Count];
        var labels = new Dictionary<int, RuleLabel>();
        IEnumerable<(string Phrase, IEnumerable<LabelReason> Why)> mapped = reading.Mapped is null ? [] : [(category.Name, reading.Mapped.Why)];
        foreach ((string phrase, IEnumerable<LabelReason> reasons) in mapped.Concat(category.Includes.Zip(reading.Includes, (phrase, include) => (phrase, include.Why.AsEnumerable()))))
        {
            foreach (LabelReason why in reasons.Where(why => reading.Whole.Labels.Contains(why.Label)))
            {
                Label label = vocabulary.Labels[why.Label];
                if (label.Set == set.Name && (!labels.TryGetValue(why.Label, out RuleLabel? known) || known.Weight < why.Weight))
                {
                    labels[why.Label] = new RuleLabel(label, phrase, why.Relation, why.Word, why.Weight);
                    weights[label.Output] = (float)why.Weight;
                }
            }
        }

        bool hasAll = reading.Whole.Labels.All(label => vocabulary.Labels[label].Set == set.Name);
        CoverageLevel level = labels.Count == 0 ? CoverageLevel.None : hasAll ? reading.Whole.Coverage : CoverageLevel.Partial;
        var excepted = new Dictionary<int, string>();
        foreach ((string phrase, ExcludeReading exclude) in category.Excludes.Zip(reading.Excludes))
        {
            foreach (Label label in exclude.Labels.Select(label => vocabulary.Labels[label]).Where(label => label.Set == set.Name))
            {
                excepted.TryAdd(label.Output, phrase);
            }
        }

        return new CategoryRule(category, level, [.. labels.OrderBy(label => label.Key).Select(label => label.Value)], weights, excepted);
    }
}

/// <summary>A label that counts for a category.</summary>
/// <param name="Relation"><c>is</c>, <c>kind of</c>, or a relation's verb such as <c>holds</c>.</param>
/// <param name="Word">What it is, is a kind of, or shows.</param>
/// <param name="Weight">How much of its probability counts, above 0 and at most 1.</param>
internal sealed record RuleLabel(Label Label, string Phrase, string Relation, string Word, double Weight);
