// Taxonomy: which labels a phrase means. WordTaxonomy is the way in: it cuts a phrase into items (PhraseList, PhraseParts), finds the
// meaning of each (ItemReader over the WordTable and Lexicon), and gives the labels at or below it (Vocabulary, LabelSet).

namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>What a category means among the labels of a vocabulary: the union of its includes less the union of its excludes.</summary>
internal sealed class CategoryReading
{
    private CategoryReading(
        PhraseReading whole, IReadOnlyList<PhraseReading> includes, IReadOnlyList<ExcludeReading> excludes, MappedLabels? mapped) =>
        (Whole, Includes, Excludes, Mapped) = (whole, includes, excludes, mapped);

    public PhraseReading Whole { get; } // the category's labels, coverage and what of it is not judged
    public IReadOnlyList<PhraseReading> Includes { get; } // by include, without regard to the excludes
    public IReadOnlyList<ExcludeReading> Excludes { get; } // by exclude
    public MappedLabels? Mapped { get; } // the labels that stand for the category itself; null: none

    /// <summary>What the models can't tell from the rest, though the policy excepts it.</summary>
    public IEnumerable<string> CannotBeExcluded => Excludes.SelectMany(exclude => exclude.CannotBeExcluded);

    /// <param name="excludes">The phrases that are allowed after all.</param>
    /// <param name="mapped">Labels that stand for the category itself, whatever its phrases say; null: none.</param>
    public static CategoryReading Read(
        PhraseReader reader, Vocabulary vocabulary, IReadOnlyList<string> includes, IReadOnlyList<string> excludes, MappedLabels? mapped = null)
    {
        PhraseReading[] readings = [.. includes.Select(reader.Read)];
        PhraseReading whole = PhraseReading.Union(vocabulary, readings);
        whole.NotJudged =
        [
            .. includes.Where((_, i) => readings[i].Coverage == CoverageLevel.None),
            .. readings.Where(reading => reading.Coverage == CoverageLevel.Partial).SelectMany(reading => reading.NotJudged),
        ];
        foreach (LabelReason why in mapped?.Why ?? [])
        {
            whole.Labels.Add(why.Label);
            whole.Why.Add(why);
        }

        whole.Coverage = mapped is null ? whole.Coverage
            : mapped.IsWhole ? CoverageLevel.Full
            : whole.Coverage == CoverageLevel.None ? CoverageLevel.Partial : whole.Coverage;
        LabelBits taken = vocabulary.None(), wider = vocabulary.None();
        var told = new List<ExcludeReading>();
        foreach (string exclude in excludes)
        {
            told.Add(ReadExclude(reader, vocabulary, exclude, whole.Labels));
            taken.UnionWith(told[^1].Labels);
            wider.UnionWith(told[^1].Wider);
        }

        whole.Labels.ExceptWith(taken);
        wider.IntersectWith(whole.Labels);
        whole.Wider = wider;
        whole.Why.RemoveAll(why => !whole.Labels.Contains(why.Label));
        whole.Coverage = whole.Labels.IsEmpty ? CoverageLevel.None : whole.Coverage;
        return new CategoryReading(whole, readings, told, mapped);
    }

    /// <summary>Each item counts by itself where nothing restricts it and labels show it.</summary>
    private static ExcludeReading ReadExclude(PhraseReader reader, Vocabulary vocabulary, string phrase, LabelBits included)
    {
        LabelBits labels = vocabulary.None(), wider = vocabulary.None();
        var rest = new List<string>();
        List<PhraseReading> items = reader.ReadList(phrase);
        foreach (PhraseReading item in items)
        {
            if (IsTold(item))
            {
                labels.UnionWith(item.Labels);
                wider.UnionWith(item.Wider);
            }
            else if (item.Near.IsEmpty || item.Near.Overlaps(included) || item.Wider.Overlaps(included))
            {
                rest.Add(item.Text);
            }
        }

        bool anyTold = items.Exists(IsTold);
        IReadOnlyList<string> untold = rest.Count == 0 && items.Count > 0 ? [] : anyTold ? rest : [phrase];
        CoverageLevel coverage = PhraseReading.Together(items.Select(item => IsTold(item) ? item.Coverage : CoverageLevel.None));
        return new ExcludeReading(labels, wider, coverage, untold, [.. items.Where(IsTold).SelectMany(item => item.Why).Distinct()]);
    }

    private static bool IsTold(PhraseReading item) => item.IsPlain && !item.Labels.IsEmpty;
}

/// <summary>What an exclude takes away.</summary>
/// <param name="Wider">Labels that also show what it excepts, but more than that, so that they stay.</param>
/// <param name="CannotBeExcluded">The parts that the models can't tell from the rest.</param>
internal sealed record ExcludeReading(
    LabelBits Labels, LabelBits Wider, CoverageLevel Coverage, IReadOnlyList<string> CannotBeExcluded, IReadOnlyList<LabelReason> Why);

/// <summary>Labels that a model's manifest says stand for a category.</summary>
/// <param name="Why">The labels, with what each counts.</param>
/// <param name="IsWhole">Whether they stand for the whole category, so that its phrases add nothing.</param>
internal sealed record MappedLabels(IReadOnlyList<LabelReason> Why, bool IsWhole)
{
    /// <summary>What the models of a vocabulary say of a category; null: nothing.</summary>
    public static MappedLabels? Of(Vocabulary vocabulary, string categoryId, string categoryName)
    {
        var why = new List<LabelReason>();
        bool isWhole = false;
        foreach (LabelSet set in vocabulary.Sets.Where(set => set.Manifest.Categories.Count > 0))
        {
            foreach ((int place, Label label) in vocabulary.Labels.Index().Where(label => label.Item.Set == set.Name))
            {
                double weight = set.Manifest.Categories.GetValueOrDefault(set.Manifest.Labels[label.Output])?.GetValueOrDefault(categoryId) ?? 0;
                if (weight > 0)
                {
                    why.Add(new LabelReason(place, LabelReason.CountsAs, categoryName, weight));
                    isWhole |= set.Manifest.FullCategories.Contains(categoryId);
                }
            }
        }

        return why.Count > 0 ? new MappedLabels(why, isWhole) : null;
    }
}
