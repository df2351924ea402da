namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>A part of a phrase: a word of up to six tokens, or a single token of some class.</summary>
/// <param name="word">The word that was found; null: none.</param>
internal sealed class Chunk(string text, WordClass kind, Word? word = null)
{
    public string Text { get; } = text;

    public WordClass Kind { get; } = kind;

    public Word? Word { get; } = word;

    /// <summary>The last token of the text.</summary>
    public string LastToken => Text[(Text.LastIndexOf(' ') + 1)..];

    /// <summary>Whether the word is said in the singular.</summary>
    public bool IsSingular => Text == Word?.Key;

    /// <summary>The words of several parts, as a person would read them.</summary>
    public static string TextOf(IEnumerable<Chunk> chunks) =>
        string.Join(' ', chunks.Where(chunk => chunk.Kind != WordClass.Comma).Select(chunk => chunk.Text)).Replace(PhraseText.Joint, '-');
}

/// <summary>Finds the words in a phrase's tokens, the longest first.</summary>
internal sealed class PhraseParts(Vocabulary vocabulary)
{
    private const int LongestWord = 6;

    /// <summary>How plurals end, and the singular; the first that gives a word counts.</summary>
    private static readonly (string Plural, string Singular)[] s_plurals =
    [
        ("men", "man"), ("people", "person"), ("s", ""), ("ies", "y"), ("ves", "f"), ("ves", "fe"), ("oes", "o"), ("ses", "s"),
        ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
    ];

    private readonly WordClasses _classes = vocabulary.Taxonomy.Classes;

    /// <summary>The parts of a phrase.</summary>
    public List<Chunk> Of(List<string> tokens)
    {
        var chunks = new List<Chunk>();
        for (int i = 0; i < tokens.Count;)
        {
            int length = 1;
            chunks.Add(tokens[i] == PhraseText.Comma ? new Chunk(",", WordClass.Comma) : LongWord(tokens, i, out length) ?? Single(tokens[i]));
            i += length;
        }

        return chunks;
    }

    /// <summary>The word of these tokens: as written, else with the last one in the singular.</summary>
    public Word? Find(params ReadOnlySpan<string> tokens)
    {
        string last = tokens[^1];
        string before = string.Concat(tokens[..^1].ToArray().Select(token => token + " "));
        if (vocabulary.Find(before + last) is { } written)
        {
            return written;
        }

        if (_classes.SingularOf(last) is { } irregular && vocabulary.Find(before + irregular) is { } listed)
        {
            return listed;
        }

        foreach ((string plural, string singular) in last.EndsWith("ss", StringComparison.Ordinal) ? [] : s_plurals)
        {
            if (last.EndsWith(plural, StringComparison.Ordinal) && (last.Length > plural.Length + 1 || last == plural)
                && vocabulary.Find($"{before}{last.AsSpan(0, last.Length - plural.Length)}{singular}") is { } found)
            {
                return found;
            }
        }

        return tokens.Length > 2 && tokens[1] == "of" // "places of worship"
            ? vocabulary.Find($"{Find(tokens[0])?.Key} {string.Join(' ', tokens[1..].ToArray())}")
            : null;
    }

    private Chunk? LongWord(List<string> tokens, int start, out int length)
    {
        for (length = Math.Min(LongestWord, tokens.Count - start); length > 1; length--)
        {
            string[] span = [.. tokens.GetRange(start, length)];
            if (!span.Contains(PhraseText.Comma) && FindSpan(span) is { } word)
            {
                return new Chunk(string.Join(' ', span), WordClass.Noun, word);
            }
        }

        return null;
    }

    private Word? FindSpan(string[] span)
    {
        if (_classes.Of(span[0]) is WordClass.Neutral or WordClass.Relator || span[^1] is "and" or "or" or "of")
        {
            return null;
        }

        if (Find(span) is { } word)
        {
            return word;
        }

        return span switch
        {
            [{ Length: > 2 } first, { Length: > 2 } second] when Find(first + second) is { } joined && EndsAsKind(joined, second) => joined, // "hand guns"
            [string whole, "of", string part] when Find(whole) is not null && Find(part) is { } inner => Find([.. inner.Key.Split(' '), whole]), // "bottles of wine"
            _ => null,
        };
    }

    private bool EndsAsKind(Word joined, string second)
    {
        ReadOnlySpan<string> lasts = [second, second[..^1], second[..^2]];
        foreach (string last in lasts)
        {
            if (vocabulary.Find(last) is { } word && vocabulary.IsKindOf(joined, word))
            {
                return true;
            }
        }

        return false;
    }

    private Chunk Single(string token)
    {
        if (token.Contains(PhraseText.Joint, StringComparison.Ordinal))
        {
            return new Chunk(token, WordClass.Alienans);
        }

        Word? word = Find(token);
        if (_classes.Of(token) is { } known)
        {
            return new Chunk(token, known, word);
        }

        bool isVerb = token.Length > 4 && (token.EndsWith("ing", StringComparison.Ordinal) || token.EndsWith("ed", StringComparison.Ordinal)) && word is null or { IsOutside: true };
        return new Chunk(token, isVerb ? WordClass.Verb : word is null ? WordClass.Unknown : WordClass.Noun, word);
    }
}
