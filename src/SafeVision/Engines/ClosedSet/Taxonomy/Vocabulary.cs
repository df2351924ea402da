namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>The labels of the models at hand under one taxonomy: which labels a meaning has, itself and below it.
/// Labels are numbered by set and index. Immutable and thread-safe.</summary>
internal sealed class Vocabulary
{
    private const string Sexual = "nsfw";

    private readonly WordTaxonomy _taxonomy;
    private readonly Dictionary<string, Word> _ownWords = [];
    private readonly Dictionary<string, int> _ownNames = [];
    private readonly Dictionary<int, int[]> _at;
    private readonly Dictionary<int, int[]> _below;
    private readonly LabelBits _sexual;

    public Vocabulary(WordTaxonomy taxonomy, IReadOnlyList<LabelSet> sets)
    {
        _taxonomy = taxonomy;
        Sets = [.. sets.OrderBy(set => set.Name, StringComparer.Ordinal)];
        var labels = new List<Label>(Sets.Sum(set => set.Labels.Count));
        var unknown = new List<(string Name, int? Above)>();
        foreach (LabelSet set in Sets)
        {
            foreach (Label label in set.Labels)
            {
                labels.Add(set.IsKnown ? label : label with { Meanings = [ReadName(set, label, labels.Count, unknown)] });
            }
        }

        Labels = labels;
        Lexicon = unknown.Count == 0 ? taxonomy.Lexicon : taxonomy.Lexicon.With(unknown);
        (_at, _below) = Index(labels, Lexicon);
        _sexual = None();
        HashSet<int> sexualMeanings = [.. taxonomy.Sets.GetValueOrDefault(Sexual)?.Meanings.SelectMany(meanings => meanings) ?? []];
        foreach ((int place, Label label) in labels.Index())
        {
            bool isOwn = !taxonomy.Sets.ContainsKey(label.Set);
            if (label.Set == Sexual || (isOwn && label.Meanings.Any(meaning => Array.Exists(Lexicon.Ancestors(meaning), sexualMeanings.Contains))))
            {
                _sexual.Add(place);
            }
        }
    }

    public IReadOnlyList<LabelSet> Sets { get; }

    public IReadOnlyList<Label> Labels { get; } // by set and index
    public Lexicon Lexicon { get; } // the taxonomy's meanings, and one more for each label whose name is no known word

    public WordTaxonomy Taxonomy => _taxonomy;

    /// <summary>The labels that show sexual content.</summary>
    public LabelBits SexualLabels => _sexual;

    public LabelBits None() => new(Labels.Count);

    /// <summary>The labels that mean exactly this, in order.</summary>
    public ReadOnlySpan<int> At(int meaning) => _at.GetValueOrDefault(meaning);

    /// <summary>The labels that mean this or a kind of it, in order.</summary>
    public ReadOnlySpan<int> Below(int meaning) => _below.GetValueOrDefault(meaning);

    /// <summary>The word that is spelled so; null when there is none.</summary>
    public Word? Find(ReadOnlySpan<char> key) =>
        _ownWords.Count > 0 && _ownWords.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out Word? own) ? own : _taxonomy.Words.Find(key);

    /// <summary>The label of a model's own set that goes by exactly this name, whatever its words are; null: none.</summary>
    public int? LabelNamed(string phrase) => _ownNames.Count > 0 && _ownNames.TryGetValue(PhraseText.Key(phrase, _taxonomy.Characters), out int label) ? label : null;

    /// <summary>Whether a thing tells what a phrase is about whatever is said of it; see <see cref="WordTaxonomy.IsTelling"/>.</summary>
    public bool IsTelling(Word word) => _taxonomy.IsTelling(word, Lexicon);

    /// <summary>Whether one word names a kind of what the other one names.</summary>
    public bool IsKindOf(Word word, Word other) =>
        Array.Exists(word.Meanings, meaning => Array.Exists(other.Meanings, wanted => Lexicon.IsKindOf(meaning, wanted)))
        || (word.Above is { } above && Array.Exists(other.Meanings, wanted => Lexicon.IsKindOf(above, wanted)));

    /// <summary>The meaning of a label by its name: the first one that its words have. A name without gets a meaning of
    /// its own, below the closest one that is known, and can be asked for by that name alone or by what stands above
    /// it.</summary>
    private int ReadName(LabelSet set, Label label, int place, List<(string Name, int? Above)> unknown)
    {
        string[] keys = [.. set.Manifest.NamesOf(set.Manifest.Labels[label.Output]).Select(name => PhraseText.Key(name, _taxonomy.Characters))];
        Word?[] words = [.. keys.Select(key => Find(key))];
        int? known = words.FirstOrDefault(word => word?.Meanings.Length > 0)?.Meanings[0];
        if (known is null)
        {
            unknown.Add((label.Name, words.FirstOrDefault(word => word?.Above is not null)?.Above));
        }

        int meaning = known ?? _taxonomy.Lexicon.Count + unknown.Count - 1;
        foreach ((int i, string key) in keys.Index())
        {
            _ownNames.TryAdd(key, place);
            if (key.Length > 0 && words[i] is not { Meanings.Length: > 0 })
            {
                _ownWords.TryAdd(key, new Word(key, [meaning], null, HasOther: false, IsOutside: false));
            }
        }

        return meaning;
    }

    private static (Dictionary<int, int[]> At, Dictionary<int, int[]> Below) Index(List<Label> labels, Lexicon lexicon)
    {
        Dictionary<int, List<int>> at = [], below = [];
        foreach ((int place, Label label) in labels.Index())
        {
            foreach (int meaning in label.Meanings)
            {
                Add(at, meaning, place);
                foreach (int ancestor in lexicon.Ancestors(meaning))
                {
                    Add(below, ancestor, place);
                }
            }
        }

        return (at.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray()), below.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray()));

        static void Add(Dictionary<int, List<int>> index, int meaning, int place)
        {
            if (!index.TryGetValue(meaning, out List<int>? places))
            {
                index[meaning] = places = [];
            }

            if (places.Count == 0 || places[^1] != place)
            {
                places.Add(place);
            }
        }
    }
}
