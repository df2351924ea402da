namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>What a single word reaches: every label at or below one of its meanings, and those that a strong relation
/// ties to one. It remembers the words that it was asked for. Not thread-safe.</summary>
internal sealed class WordReach(Vocabulary vocabulary)
{
    /// <summary>From this share of a word's kinds on, at or below labels, the word is covered in full.</summary>
    private const double CompleteShare = 0.6;

    private const int LeastMeanings = 3; // fewer labelled meanings don't stand for a kind of things
    private const int TooGeneral = 450; // a word with more labels of one set says nothing: objects, things
    private const int MostNeighbors = 12; // a neighbour with more labels than this is no suggestion

    private const string Photographs = "imagenet";

    private const string Sexual = "nsfw";

    private readonly Dictionary<string, PhraseReading> _known = [];
    private readonly Lexicon _lexicon = vocabulary.Lexicon;

    /// <summary>The labels of a word. The reading is shared: copy it before a change.</summary>
    public PhraseReading Of(Word word)
    {
        if (!_known.TryGetValue(word.Key, out PhraseReading? reading))
        {
            _known[word.Key] = reading = Read(word);
        }

        return reading;
    }

    private PhraseReading Read(Word word)
    {
        PhraseReading reading = PhraseReading.Empty(vocabulary);
        foreach (int meaning in word.Meanings)
        {
            reading.Labels.UnionWith(vocabulary.Below(meaning));
        }

        if (IsTooGeneral(reading.Labels))
        {
            reading.Labels = vocabulary.None();
            reading.Notes.Add($"'{word.Key}' is too general");
            return reading;
        }

        bool isFull = AddKinds(word, reading);
        AddRelations(word, reading);
        reading.Coverage = isFull ? CoverageLevel.Full : reading.Labels.IsEmpty ? CoverageLevel.None : CoverageLevel.Partial;
        AddWider(word, reading);
        if (reading.Coverage == CoverageLevel.None && reading.Suggestions.Count == 0)
        {
            Suggest(word, reading);
        }

        return reading;
    }

    /// <summary>Says why the labels below the word's meanings are there; false when they don't stand for all that it means.</summary>
    private bool AddKinds(Word word, PhraseReading reading)
    {
        bool isFull = !reading.Labels.IsEmpty && !word.HasOther;
        bool isExact = Array.Exists(word.Meanings, meaning => !vocabulary.At(meaning).IsEmpty);
        foreach (int meaning in word.Meanings)
        {
            ReadOnlySpan<int> below = vocabulary.Below(meaning);
            foreach (int label in below)
            {
                reading.Why.Add(new LabelReason(label, vocabulary.At(meaning).Contains(label) ? LabelReason.Is : LabelReason.KindOf, word.Key));
            }

            if (!below.IsEmpty && !isExact && !_lexicon.IsReviewedFull(meaning) && !(_lexicon.MayBeFull(meaning) && Share(meaning) >= CompleteShare))
            {
                isFull = false;
                reading.Missing.AddRange(_lexicon.KnownKinds(meaning).Where(kind => !Reaches(kind)));
            }
        }

        return isFull;
    }

    private void AddRelations(Word word, PhraseReading reading)
    {
        foreach (Relation relation in vocabulary.Taxonomy.Relations)
        {
            if (!Array.Exists(word.Meanings, meaning => _lexicon.IsWithin(relation.Target, meaning, relation.Steps)))
            {
                continue;
            }

            foreach (int label in vocabulary.Below(relation.Source))
            {
                if (reading.Labels.Contains(label))
                {
                    continue;
                }

                if (relation.IsStrong)
                {
                    reading.Labels.Add(label);
                    reading.Why.Add(new LabelReason(label, relation.Verb, _lexicon.Name(relation.Target)));
                }
                else
                {
                    reading.Suggestions.Add(vocabulary.Labels[label].Name);
                }
            }
        }
    }

    private void AddWider(Word word, PhraseReading reading)
    {
        foreach (int meaning in word.Above is { } above ? [.. word.Meanings, above] : word.Meanings)
        {
            foreach (int ancestor in _lexicon.Ancestors(meaning))
            {
                reading.Wider.UnionWith(vocabulary.At(ancestor));
            }
        }

        reading.Wider.ExceptWith(reading.Labels);
    }

    private void Suggest(Word word, PhraseReading reading)
    {
        int? near = word.Above;
        for (int i = 0; i < word.Meanings.Length && near is null; i++)
        {
            near = _lexicon.Parents(word.Meanings[i]) is [int parent, ..] ? parent : null;
        }

        if (near is { } close && vocabulary.Below(close) is { Length: > 0 and <= MostNeighbors } neighbors)
        {
            foreach (int label in neighbors)
            {
                if (vocabulary.Labels[label].Set != Sexual && reading.Suggestions.Count < 3)
                {
                    reading.Suggestions.Add(vocabulary.Labels[label].Name);
                }
            }
        }
    }

    /// <summary>Of networks for photographs; the many symbols of a drawing say less about how general a word is.</summary>
    private bool IsTooGeneral(LabelBits labels) => labels
        .Select(label => vocabulary.Labels[label].Set)
        .Where(set => set == Photographs || !vocabulary.Taxonomy.Sets.ContainsKey(set))
        .GroupBy(set => set)
        .Any(set => set.Count() > TooGeneral);

    /// <summary>How many of a meaning's kinds are at or below a label, 0 to 1.</summary>
    private double Share(int meaning)
    {
        var under = new HashSet<int>();
        foreach (int label in vocabulary.Below(meaning))
        {
            under.UnionWith(vocabulary.Labels[label].Meanings.Where(below => _lexicon.IsKindOf(below, meaning)));
        }

        IEnumerable<int> highest = under.Where(below => !Array.Exists(_lexicon.Ancestors(below), above => above != below && under.Contains(above)));
        return under.Count >= LeastMeanings ? (double)highest.Sum(_lexicon.Kinds) / Math.Max(1, _lexicon.Kinds(meaning) - 1) : 0;
    }

    private bool Reaches(string kind) =>
        vocabulary.Find(PhraseText.Key(kind, vocabulary.Taxonomy.Characters)) is { } word && Array.Exists(word.Meanings, meaning => !vocabulary.Below(meaning).IsEmpty);
}
