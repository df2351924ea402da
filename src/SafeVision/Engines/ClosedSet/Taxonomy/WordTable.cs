namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>A noun or noun phrase and what it means.</summary>
/// <param name="Meanings">Its meanings in the lexicon; empty: none that a label could show.</param>
/// <param name="Above">Where it has no meaning in the lexicon: the closest one above it; null: none.</param>
/// <param name="HasOther">Whether it has a further ordinary meaning that no label shows.</param>
/// <param name="IsOutside">Whether it is known only as a kind of something in the lexicon.</param>
internal sealed record Word(string Key, int[] Meanings, int? Above, bool HasOther, bool IsOutside);

/// <summary>A hundred thousand English nouns in one block of text, sorted, in which words are found by halving: nothing
/// is made of a word before a policy says it.</summary>
internal sealed class WordTable
{
    public const int LongestWord = 80; // the longest word has 71 letters; a longer key is no word

    private readonly byte[] _lines; // word, tab, meanings, line feed; sorted by the bytes of the word
    private readonly int _meanings;
    private readonly Func<ModelLoadException> _broken;

    private WordTable(byte[] lines, int meanings, Func<ModelLoadException> broken) => (_lines, _meanings, _broken) = (lines, meanings, broken);

    public static WordTable Empty { get; } = new([], 0, () => throw new InvalidOperationException());

    /// <exception cref="ModelLoadException">The table is missing, altered or can't be unpacked.</exception>
    public static WordTable Load(ModelPackage package, string file, int meanings) => new(
        TaxonomyFile.ReadPacked(package, file),
        meanings,
        () => new ModelLoadException($"{package.Folder.Description}: '{file}' is not a sorted table of words and meanings. Copy the taxonomy's folder again."));

    /// <summary>The word that is spelled so, lower case, one blank between its parts; null when there is none.</summary>
    /// <exception cref="ModelLoadException">The line that it led to is broken.</exception>
    public Word? Find(ReadOnlySpan<char> key)
    {
        Span<byte> wanted = stackalloc byte[LongestWord];
        if (key.IsEmpty || key.Length > LongestWord || !Ascii.IsValid(key) || Encoding.UTF8.GetBytes(key, wanted) == 0)
        {
            return null; // every word is plain ASCII
        }

        wanted = wanted[..key.Length];
        ReadOnlySpan<byte> lines = _lines;
        (int low, int high) = (0, lines.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            int start = lines[low..middle].LastIndexOf((byte)'\n') + 1 + low;
            int length = lines[start..].IndexOf((byte)'\n');
            int tab = length < 0 ? -1 : lines.Slice(start, length).IndexOf((byte)'\t');
            if (tab < 0)
            {
                throw _broken();
            }

            int order = wanted.SequenceCompareTo(lines.Slice(start, tab));
            if (order == 0)
            {
                return Read(key.ToString(), Encoding.UTF8.GetString(lines.Slice(start + tab + 1, length - tab - 1)));
            }

            (low, high) = order < 0 ? (low, start) : (start + length + 1, high);
        }

        return null;
    }

    private Word Read(string key, string cells)
    {
        List<int> meanings = [];
        int? above = null;
        bool hasOther = false;
        foreach (string cell in cells.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (cell is "-" or "~")
            {
                hasOther |= cell == "~";
                continue;
            }

            if (!int.TryParse(cell.AsSpan(cell[0] == '<' ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out int meaning) || meaning >= _meanings)
            {
                throw _broken();
            }

            if (cell[0] != '<')
            {
                meanings.Add(meaning);
            }
            else
            {
                above ??= meaning;
            }
        }

        return new Word(key, [.. meanings], above, hasOther, cells.StartsWith('<'));
    }
}
