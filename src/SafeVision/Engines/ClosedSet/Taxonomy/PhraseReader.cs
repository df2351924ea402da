namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>What a phrase of a policy means as a set of labels: its lists, exceptions and frames, the thing named and
/// what is said of it. A label counts only if what it shows is what the phrase means. Not thread-safe.</summary>
internal sealed class PhraseReader
{
    /// <summary>How a note begins that names an exception without effect.</summary>
    public const string CannotBeToldApart = "cannot be told apart: ";

    private readonly Vocabulary _vocabulary;
    private readonly WordTaxonomy _taxonomy;
    private readonly PhraseParts _parts;
    private readonly PhraseList _list;
    private readonly ItemReader _items;
    private readonly Dictionary<string, int> _places;

    public PhraseReader(Vocabulary vocabulary)
    {
        (_vocabulary, _taxonomy) = (vocabulary, vocabulary.Taxonomy);
        _parts = new PhraseParts(vocabulary);
        _list = new PhraseList(_taxonomy.Classes, _parts);
        _items = new ItemReader(vocabulary);
        _places = [];
        foreach ((int place, Label label) in vocabulary.Labels.Index())
        {
            _places[$"{label.Set}:{label.Name}"] = place;
        }
    }

    /// <summary>Reads a phrase of a category's includes.</summary>
    public PhraseReading Read(string phrase)
    {
        if (_taxonomy.Phrases.Find(phrase) is { } chosen)
        {
            return ReadChosen(phrase, chosen);
        }

        PhraseReading reading = ReadWords(phrase);
        if (reading.Labels.IsEmpty && _vocabulary.LabelNamed(phrase) is { } label)
        {
            reading = PhraseReading.Empty(_vocabulary);
            reading.Labels.Add(label);
            reading.Why.Add(new LabelReason(label, LabelReason.Is, phrase));
            reading.Coverage = CoverageLevel.Full;
        }

        return reading;
    }

    /// <summary>The readings of the items of a list, such as an exclude.</summary>
    public List<PhraseReading> ReadList(string phrase) => ReadList(_parts.Of(Tokens(phrase)));

    private List<string> Tokens(string phrase) => PhraseText.Tokens(phrase, _taxonomy.Characters);

    private PhraseReading ReadWords(string phrase)
    {
        List<string> tokens = Tokens(phrase);
        List<Chunk> chunks = _parts.Of(tokens);
        List<List<Chunk>> split = _list.Split(chunks, FrameKind.Except);
        if (chunks.TrueForAll(chunk => chunk.Kind == WordClass.Comma))
        {
            return Nothing(phrase, "no known word");
        }

        List<Chunk> wanted = split[0];
        if (wanted.TrueForAll(chunk => chunk.Kind == WordClass.Comma) || wanted[0].Text is "no" or "not" or "never" or "without" or "non")
        {
            return Nothing(phrase, "says what is not meant");
        }

        PhraseReading reading = PhraseReading.Union(_vocabulary, ReadList(wanted));
        foreach (List<Chunk> item in split.Skip(1).SelectMany(_list.Items))
        {
            PhraseReading exception = _items.Read(item, insideRelation: false);
            if (exception.IsPlain && !exception.Labels.IsEmpty)
            {
                reading.Labels.ExceptWith(exception.Labels);
                reading.Why.RemoveAll(why => !reading.Labels.Contains(why.Label));
            }
            else
            {
                reading.Notes.Add(CannotBeToldApart + Chunk.TextOf(item));
            }
        }

        reading.Coverage = reading.Labels.IsEmpty ? CoverageLevel.None : reading.Coverage;
        if (tokens.Exists(_taxonomy.Classes.IsMinor) && reading.Labels.Overlaps(_vocabulary.SexualLabels))
        {
            reading.Labels.ExceptWith(_vocabulary.SexualLabels);
            reading.Coverage = reading.Labels.IsEmpty ? CoverageLevel.None : CoverageLevel.Partial;
            reading.NotJudged = [phrase];
            reading.Notes.Add("nothing here tells a person's age");
        }

        return reading;
    }

    /// <summary>What follows a relation is still inside it: "to jump from a bridge, roof or track".</summary>
    private List<PhraseReading> ReadList(List<Chunk> chunks)
    {
        var readings = new List<PhraseReading>();
        bool isOpen = false;
        foreach (List<Chunk> item in _list.Items(chunks))
        {
            PhraseReading reading = _items.Read(item, isOpen);
            isOpen |= reading.IsOpen;
            reading.Text = Chunk.TextOf(item);
            readings.Add(reading);
        }

        return readings;
    }

    private PhraseReading ReadChosen(string phrase, ChosenPhrase chosen)
    {
        PhraseReading reading = PhraseReading.Empty(_vocabulary);
        reading.IsByHand = true;
        foreach (ChosenLabel label in chosen.Labels)
        {
            if (_places.TryGetValue(label.Name, out int place))
            {
                reading.Labels.Add(place);
                reading.Why.Add(new LabelReason(place, LabelReason.Is, phrase, label.Weight));
            }
        }

        reading.Coverage = reading.Labels.IsEmpty ? CoverageLevel.None : chosen.Coverage;
        reading.NotJudged = reading.Labels.IsEmpty ? [phrase] : chosen.NotJudged.Length > 0 ? [chosen.NotJudged] : [];
        return reading;
    }

    private PhraseReading Nothing(string phrase, string why)
    {
        PhraseReading reading = PhraseReading.Empty(_vocabulary);
        reading.NotJudged.Add(phrase);
        reading.Notes.Add(why);
        return reading;
    }
}
