namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>What a part of a phrase is.</summary>
internal enum WordClass
{
    Noun, // a thing that has a name
    Neutral, // adds nothing: any, all, real
    Vague, // says what no label tells: dangerous, large, illegal
    Qualify, // makes it a special kind: hunting, military, kitchen
    Alienans, // makes it another thing: toy, fake, cartoon, no
    Sort, // kinds, breeds, species
    Picture, // images, photographs, scenes
    Quantity, // heaps, rows, groups
    Relator, // begins what is said about the thing: in, with, who, being
    Verb, // a word in -ing or -ed that is no thing
    Unknown, // no word that is known
    Comma, // parts the items of a list
}

/// <summary>Words around nouns, from the tables <c>modifiers.tsv</c>, <c>frames.tsv</c> and <c>irregular.tsv</c>.</summary>
internal sealed class WordClasses
{
    private const string MinorClass = "minor";

    private readonly Dictionary<string, WordClass?> _classes = [];
    private readonly Dictionary<FrameKind, List<string[]>> _frames = [];
    private readonly Dictionary<string, string> _singular = [];
    private readonly HashSet<string> _minors = [];
    private readonly HashSet<string> _showing = [];

    /// <exception cref="Inference.ModelLoadException">A table is missing, altered or broken.</exception>
    public static WordClasses Load(ModelPackage package)
    {
        var classes = new WordClasses();
        TaxonomyFile.Read(package, "modifiers.tsv", columns: 2, classes.AddModifiers);
        TaxonomyFile.Read(package, "frames.tsv", columns: 2, classes.AddFrame);
        TaxonomyFile.Read(package, "irregular.tsv", columns: 2, row => classes._singular[row[0]] = row[1]);
        foreach (List<string[]> frames in classes._frames.Values)
        {
            frames.Sort((left, right) => right.Length.CompareTo(left.Length));
        }

        return classes;
    }

    /// <summary>The class of a word that is no noun here, whatever the table of words says; null: it is not listed.</summary>
    public WordClass? Of(string token) => _classes.GetValueOrDefault(token);

    /// <summary>Whether the word names people under age.</summary>
    public bool IsMinor(string token) => _minors.Contains(token);

    /// <summary>Whether the words say that an image shows something: "depicting", "that shows".</summary>
    public bool IsShowing(string text) => _showing.Contains(text);

    /// <summary>The singular of an irregular plural; null: it is not irregular.</summary>
    public string? SingularOf(string token) => _singular.GetValueOrDefault(token);

    /// <summary>How many parts the frame of this kind takes that begins at a place, the longest first; 0: none begins there.</summary>
    public int Frame(IReadOnlyList<Chunk> chunks, int start, FrameKind kind)
    {
        foreach (string[] frame in _frames.GetValueOrDefault(kind) ?? [])
        {
            int matched = 0;
            while (matched < frame.Length && start + matched < chunks.Count && chunks[start + matched].Text == frame[matched])
            {
                matched++;
            }

            if (matched == frame.Length)
            {
                return matched;
            }
        }

        return 0;
    }

    private void AddModifiers(TaxonomyFile.Row row)
    {
        foreach (string word in row[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (row[0] == MinorClass)
            {
                _minors.Add(word);
            }

            // Words for persons are nouns; they are listed so that no later line makes them something else.
            _classes.TryAdd(word, row[0] is MinorClass or "person" ? null
                : Enum.TryParse(row[0], ignoreCase: true, out WordClass known) ? known
                : throw row.Broken($"names the class '{row[0]}', which is not known"));
        }
    }

    private void AddFrame(TaxonomyFile.Row row)
    {
        if (!Enum.TryParse(row[0], ignoreCase: true, out FrameKind kind))
        {
            throw row.Broken($"names the frame '{row[0]}', which is not known");
        }

        if (kind == FrameKind.Show)
        {
            _showing.Add(row[1]);
        }

        if (!_frames.TryGetValue(kind, out List<string[]>? frames))
        {
            _frames[kind] = frames = [];
        }

        frames.Add(row[1].Split(' '));
    }
}

/// <summary>What a frame of fixed words does in a phrase.</summary>
internal enum FrameKind
{
    Except, // what follows is taken away: except, but not
    Also, // parts a list: and, or, such as
    Show, // what follows is shown: of, showing, with
}
