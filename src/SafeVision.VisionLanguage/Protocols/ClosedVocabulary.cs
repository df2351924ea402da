namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a phrase means to a model that knows certain things only.</summary>
/// <param name="IsKind">Whether it is a word for kinds of things, of which the model knows some.</param>
/// <param name="Token">The model's own word for it; null where it has none.</param>
/// <param name="Names">The things that it covers, as the model spells them.</param>
internal sealed record KnownWord(bool IsKind, string? Token, IReadOnlyList<string> Names);

/// <summary>The words that can be put to a model of a closed vocabulary, from the file <see cref="FileName"/> beside
/// it: a word, <c>name</c> or <c>kind</c>, the model's own token for it or nothing, and the names that it covers,
/// between tabs. Immutable, thread-safe.</summary>
internal sealed class ClosedVocabulary
{
    public const string FileName = "safevision-words.tsv";

    private const int MostCharacters = 1 << 21;
    private const int MostNames = 1024;

    private static readonly string[] s_before = ["a ", "an ", "the ", "any ", "all "];
    private static readonly string[] s_between = [", and ", ", or ", ", ", " and ", " or ", " & ", ";"];
    private static readonly string[] s_except = [", except for ", " except for ", ", except ", " except ", ", but not ", " but not ", ", excluding ", " excluding "];
    private static readonly string[] s_turning = ["no", "not", "but", "except", "excluding", "without", "other", "only", "unless"]; // what says something else of a list than "and"

    private readonly IReadOnlyDictionary<string, KnownWord> _words;

    private ClosedVocabulary(IReadOnlyDictionary<string, KnownWord> words) => _words = words;

    /// <exception cref="ModelLoadException">It is missing or not valid; the message names the line.</exception>
    public static ClosedVocabulary Read(ModelConfiguration configuration, TextTokenizer tokenizer)
    {
        string path = Path.Combine(configuration.Folder, FileName);
        string text = configuration.Text(FileName) ?? throw new ModelLoadException($"{path}: is missing; it says which words the model knows. Copy it from the folder that the model was made in.");
        if (text.Length > MostCharacters)
        {
            throw new ModelLoadException($"{path}: has {text.Length} characters; at most {MostCharacters} are read.");
        }

        var words = new Dictionary<string, KnownWord>(StringComparer.Ordinal);
        foreach ((int line, string row) in text.ReplaceLineEndings("\n").Split('\n').Index().Skip(1))
        {
            if (row.Length == 0)
            {
                continue;
            }

            string[] cells = row.Split('\t');
            string[] names = cells.Length == 4 ? cells[3].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];
            if (names.Length is 0 or > MostNames || cells[1] is not ("name" or "kind") || cells[0].Length == 0)
            {
                throw new ModelLoadException($"{path}, line {line + 1}: must hold a word, 'name' or 'kind', a token or nothing, and 1 to {MostNames} names, between tabs.");
            }

            if (names.Concat(cells[2].Length > 0 ? [cells[2]] : []).FirstOrDefault(name => tokenizer.Encode($" {name}").Length != 1) is { } unknown)
            {
                throw new ModelLoadException($"{path}, line {line + 1}: '{unknown}' is not one token of the model. The file belongs to another model.");
            }

            words[cells[0]] = new KnownWord(cells[1] == "kind", cells[2].Length > 0 ? cells[2] : null, names);
        }

        return new ClosedVocabulary(words);
    }

    /// <summary>What a phrase means: the words of it that are known, and those that are not. A list may except some things at its end.</summary>
    /// <param name="phrase">A word, or several in a list.</param>
    public (IReadOnlyList<KnownWord> Known, IReadOnlyList<string> Unknown) Find(string phrase)
    {
        if (Word(phrase) is { } whole)
        {
            return ([whole], []);
        }

        if (phrase.Split(s_except, StringSplitOptions.TrimEntries) is [var list, var exceptions] && !exceptions.AsSpan().ContainsAny(',', ';') && Find(exceptions) is { Unknown: [] } excepted)
        {
            (IReadOnlyList<KnownWord> known, IReadOnlyList<string> unknown) = Find(list);
            HashSet<string> names = [.. excepted.Known.SelectMany(word => word.Names)];
            return ([.. known.Select(word => word.Names.Any(names.Contains) ? word with { Token = null, Names = [.. word.Names.Where(name => !names.Contains(name))] } : word).Where(word => word.Names.Count > 0)], unknown);
        }

        string[] parts = phrase.Split(s_between, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Any(part => Word(part) is null && part.Split(' ').Any(word => s_turning.Contains(word, StringComparer.OrdinalIgnoreCase)))
            ? ([], [phrase])
            : ([.. parts.Select(Word).OfType<KnownWord>()], [.. parts.Where(part => Word(part) is null)]);
    }

    private KnownWord? Word(string phrase)
    {
        string word = phrase.Trim().TrimEnd('.').ToLowerInvariant();
        return _words.GetValueOrDefault(word)
            ?? (s_before.FirstOrDefault(article => word.StartsWith(article, StringComparison.Ordinal)) is { } before ? _words.GetValueOrDefault(word[before.Length..].TrimStart()) : null);
    }
}
