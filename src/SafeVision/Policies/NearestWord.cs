namespace SafeVision.Policies;

/// <summary>Finds the valid word that a mistyped one was probably meant to be.</summary>
internal static class NearestWord
{
    private const int LongestCompared = 100;

    /// <summary>
    /// The candidate nearest to <paramref name="word"/>: at most a third of its letters (and always one) away, else
    /// one that contains the word or is contained in it; null when none is near.
    /// </summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        string[] all = [.. candidates];
        return Within(word, all, Math.Max(1, word.Length / 3))
            ?? all.FirstOrDefault(candidate => Contains(candidate, word) || Contains(word, candidate));
    }

    /// <summary>The candidate with the smallest distance, if that is at most <paramref name="limit"/>; ties go to the first.</summary>
    public static string? Within(string word, IEnumerable<string> candidates, int limit)
    {
        if (word.Length > LongestCompared)
        {
            return null;
        }

        string? nearest = null;
        foreach (string candidate in candidates)
        {
            int distance = Distance(word, candidate);
            if (distance <= limit)
            {
                (nearest, limit) = (candidate, distance - 1);
            }
        }

        return nearest;
    }

    /// <summary>
    /// The restricted Damerau–Levenshtein distance (optimal string alignment) ignoring case: insertions, deletions,
    /// substitutions, and swaps of two neighbours, each at cost 1.
    /// </summary>
    public static int Distance(string left, string right)
    {
        int[] beforePrevious = new int[right.Length + 1];
        int[] previous = [.. Enumerable.Range(0, right.Length + 1)];
        int[] current = new int[right.Length + 1];
        for (int i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int substitution = Same(left[i - 1], right[j - 1]) ? 0 : 1;
                int best = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + substitution);
                if (i > 1 && j > 1 && Same(left[i - 1], right[j - 2]) && Same(left[i - 2], right[j - 1]))
                {
                    best = Math.Min(best, beforePrevious[j - 2] + 1);
                }

                current[j] = best;
            }

            (beforePrevious, previous, current) = (previous, current, beforePrevious);
        }

        return previous[right.Length];
    }

    private static bool Same(char left, char right) => char.ToUpperInvariant(left) == char.ToUpperInvariant(right);

    // Shorter fragments ("id", "no") are inside too many words to be a hint.
    private static bool Contains(string whole, string part) =>
        part.Length >= 4 && whole.Length <= LongestCompared && whole.Contains(part, StringComparison.OrdinalIgnoreCase);
}
