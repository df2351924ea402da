namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>What English words mean, and which meanings the labels of known networks have: the tables of a model folder
/// of the kind <c>taxonomy</c>. Immutable.</summary>
internal sealed class WordTaxonomy
{
    private static readonly Dictionary<string, WeakReference<WordTaxonomy>> s_loaded = [];

    /// <summary>The labels of sets, each with its meanings; a model's labels are found there by their names.</summary>
    public const string LabelFile = "labels.tsv";

    private const string WordFile = "words.tsv.gz";
    private const string LexiconFile = "lexicon.tsv";

    private readonly HashSet<int> _telling = [];

    private WordTaxonomy()
    {
        (Description, Identity) = ("no taxonomy", "");
        (Lexicon, Words, Classes) = (Lexicon.Empty, WordTable.Empty, new WordClasses());
        (Relations, Characters, Phrases) = ([], new CompatibleCharacters(), new PhraseTable());
        Sets = new Dictionary<string, KnownLabels>();
    }

    private WordTaxonomy(ModelPackage package)
    {
        Manifest = package.Manifest;
        Description = package.Folder.Description;
        Lexicon = Lexicon.Load(package, LexiconFile);
        Words = WordTable.Load(package, WordFile, Lexicon.Count);
        Classes = WordClasses.Load(package);
        Relations = Relation.Load(package, Lexicon.Count);
        Characters = CompatibleCharacters.Load(package);
        Phrases = PhraseTable.Load(package);
        TaxonomyFile.Read(package, "telling.tsv", columns: 1, row => _telling.Add(row.Number(0, Lexicon.Count)));
        _telling.UnionWith([.. Relations.Where(relation => relation.IsStrong && AnyAncestor(Lexicon, relation.Target)).Select(relation => relation.Source)]);
        Sets = KnownLabels.Load(package, Lexicon.Count);
        Identity = IdentityOf(package.Manifest);
    }

    /// <summary>A taxonomy that knows no word: labels are meant by their exact names alone.</summary>
    public static WordTaxonomy Empty { get; } = new();

    public ModelManifest? Manifest { get; } // what it is; null for the empty one
    public string Description { get; } // where it comes from, for messages

    public Lexicon Lexicon { get; }

    public WordTable Words { get; }

    public WordClasses Classes { get; }

    public IReadOnlyList<Relation> Relations { get; }

    public CompatibleCharacters Characters { get; }

    public PhraseTable Phrases { get; }

    public IReadOnlyDictionary<string, KnownLabels> Sets { get; } // the labels whose meanings are known, by set
    public string Identity { get; } // a hash over all tables: with another one the same policy may mean other labels

    /// <exception cref="ModelLoadException">A table is missing, altered or broken.</exception>
    /// <remarks>The tables take some megabytes and never change, so that the guardrails of a process share them while one uses them.</remarks>
    public static WordTaxonomy Load(ModelPackage package)
    {
        if (package.Manifest.Kind != ModelManifest.TaxonomyKind)
        {
            throw new ModelLoadException($"{package.Folder.Description}: a {package.Manifest.Kind} is no taxonomy.");
        }

        string identity = IdentityOf(package.Manifest);
        lock (s_loaded)
        {
            if (s_loaded.TryGetValue(identity, out WeakReference<WordTaxonomy>? shared) && shared.TryGetTarget(out WordTaxonomy? taxonomy))
            {
                package.Verify();
                return taxonomy;
            }

            taxonomy = new WordTaxonomy(package);
            s_loaded[identity] = new WeakReference<WordTaxonomy>(taxonomy);
            return taxonomy;
        }
    }

    /// <summary>Whether a thing tells what a phrase is about whatever is said of it: a knife counts in "a person with a
    /// knife", a dog doesn't in "dogs fighting".</summary>
    /// <param name="lexicon">The meanings that it has, this taxonomy's or more.</param>
    public bool IsTelling(Word word, Lexicon lexicon) =>
        Array.Exists(word.Meanings, meaning => AnyAncestor(lexicon, meaning)) || (word.Above is { } above && AnyAncestor(lexicon, above));

    private bool AnyAncestor(Lexicon lexicon, int meaning) => Array.Exists(lexicon.Ancestors(meaning), _telling.Contains);

    private static string IdentityOf(ModelManifest manifest)
    {
        IEnumerable<string> files = manifest.Files.Append(new(manifest.File, manifest.Sha256))
            .OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => $"{file.Value}  {file.Key}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(files))));
    }
}

/// <summary>That what one label shows is seen with something else: a beer bottle holds beer.</summary>
/// <param name="Verb">How, such as "holds".</param>
/// <param name="IsStrong">Whether the labels count for the target; if not, they are only suggested.</param>
/// <param name="Steps">For how many meanings above the target it holds, too.</param>
internal sealed record Relation(int Source, string Verb, int Target, bool IsStrong, int Steps)
{
    private const int MostSteps = 20;

    public static IReadOnlyList<Relation> Load(ModelPackage package, int meanings)
    {
        var relations = new List<Relation>();
        TaxonomyFile.Read(package, "relations.tsv", columns: 5, row => relations.Add(new Relation(
            row.Number(0, meanings),
            row[1],
            row.Number(2, meanings),
            row[3] switch { "strong" => true, "weak" => false, _ => throw row.Broken($"says '{row[3]}' where strong or weak must stand") },
            row.Number(4, MostSteps))));
        return relations;
    }
}

/// <summary>The labels of a set that many networks share, in the order of their outputs, with what they mean.</summary>
/// <param name="Names">Each label's first name.</param>
/// <param name="Meanings">Each label's meanings; empty: nothing that a policy could ask for.</param>
internal sealed record KnownLabels(IReadOnlyList<string> Names, IReadOnlyList<int[]> Meanings)
{
    private const int MostLabels = 100_000;

    public static IReadOnlyDictionary<string, KnownLabels> Load(ModelPackage package, int meanings)
    {
        var sets = new Dictionary<string, (List<string> Names, List<int[]> Meanings)>();
        TaxonomyFile.Read(package, WordTaxonomy.LabelFile, columns: 3, row =>
        {
            if (!sets.TryGetValue(row[0], out (List<string> Names, List<int[]> Meanings) set))
            {
                sets[row[0]] = set = ([], []);
            }

            if (row.Number(1, MostLabels) != set.Names.Count)
            {
                throw row.Broken($"is out of order: the next label of {row[0]} has the index {set.Names.Count}");
            }

            set.Names.Add(row[2]);
            set.Meanings.Add(row.Numbers(3, meanings));
        });
        return sets.ToDictionary(set => set.Key, set => new KnownLabels(set.Value.Names, set.Value.Meanings));
    }
}
