namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>Names of labels that are spelled almost like words that nobody knows.</summary>
internal sealed class SpellingHints(Vocabulary vocabulary)
{
    private const int MostEdits = 2;
    private const int MostHints = 3;
    private const int ShortestText = 5;
    private const int LongestText = 64;

    private readonly Lazy<string[]> _names = new(() =>
        [.. vocabulary.Labels.Select(label => PhraseText.Key(label.Name, vocabulary.Taxonomy.Characters)).Distinct().Order(StringComparer.Ordinal)]);

    /// <summary>At most three names within two edits of the text, in order; none for short or foreign text.</summary>
    public List<string> For(string text)
    {
        if (text.Length is < ShortestText or > LongestText || !text.All(letter => letter is ' ' or (>= 'a' and <= 'z')))
        {
            return [];
        }

        string singular = text.TrimEnd('s');
        return [.. _names.Value.Where(name => Math.Abs(name.Length - text.Length) <= MostEdits && IsClose(name, singular)).Take(MostHints)];
    }

    /// <summary>Whether the edit distance (Levenshtein) is small; rows that all exceed it end the search.</summary>
    private static bool IsClose(string name, string text)
    {
        Span<int> row = stackalloc int[LongestText + 1];
        for (int column = 0; column <= text.Length; column++)
        {
            row[column] = column;
        }

        for (int line = 1; line <= name.Length; line++)
        {
            (int diagonal, int least) = (row[0], row[0] = line);
            for (int column = 1; column <= text.Length; column++)
            {
                int replaced = diagonal + (name[line - 1] == text[column - 1] ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(Math.Min(row[column], row[column - 1]) + 1, replaced);
                least = Math.Min(least, row[column]);
            }

            if (least > MostEdits)
            {
                return false;
            }
        }

        return row[text.Length] <= MostEdits;
    }
}
