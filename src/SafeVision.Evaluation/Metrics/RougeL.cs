namespace SafeVision.Evaluation.Metrics;

/// <summary>How much a written reason overlaps with reference reasons. Overlap of words is not truth: a fluent false reason can
/// score higher than a right one in other words.</summary>
/// <remarks>Tokens are runs of ASCII letters and digits in lower case. Only the first <see cref="LongestText"/> tokens of a text
/// count, so that a model that rambles costs bounded time (ROUGE-L is quadratic).</remarks>
internal static class TextMetrics
{
    public const int LongestText = 4096; // how many tokens of a text count

    /// <summary>The tokens of a text, at most <see cref="LongestText"/>.</summary>
    public static IReadOnlyList<string> Tokenize(string text)
    {
        List<string> tokens = [];
        for (int start = 0; start < text.Length && tokens.Count < LongestText;)
        {
            int end = start;
            while (end < text.Length && char.IsAsciiLetterOrDigit(char.ToLowerInvariant(text[end])))
            {
                end++;
            }

            if (end > start)
            {
                tokens.Add(text[start..end].ToLowerInvariant());
            }

            start = end + 1;
        }

        return tokens;
    }

    /// <summary>ROUGE-L: the longest common subsequence of tokens (Lin 2004).</summary>
    public static TextOverlap RougeL(string hypothesis, string reference)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        int[] tokens = Number(hypothesis, numbers), other = Number(reference, numbers);
        return TextOverlap.From(LongestCommonSubsequence(tokens, other), tokens.Length, other.Length);
    }

    // Words become numbers once, so that comparing compares integers.
    private static int[] Number(string text, Dictionary<string, int> numbers) =>
        [.. Tokenize(text).Select(token => numbers.TryGetValue(token, out int known) ? known : numbers[token] = numbers.Count)];

    private static int LongestCommonSubsequence(int[] left, int[] right)
    {
        var row = new int[right.Length + 1];
        foreach (int token in left)
        {
            int diagonal = 0;
            for (int j = 1; j <= right.Length; j++)
            {
                (diagonal, row[j]) = (row[j], token == right[j - 1] ? diagonal + 1 : Math.Max(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}

/// <summary>How much of two texts is shared, each value 0 to 1; 0 where a text has nothing to share.</summary>
/// <param name="Precision">The share of the hypothesis that is in the reference.</param>
/// <param name="Recall">The share of the reference that is in the hypothesis.</param>
/// <param name="F1">Their harmonic mean.</param>
internal readonly record struct TextOverlap(double Precision, double Recall, double F1)
{
    internal static TextOverlap From(int shared, int hypothesis, int reference) => new(
        hypothesis == 0 ? 0 : (double)shared / hypothesis,
        reference == 0 ? 0 : (double)shared / reference,
        hypothesis + reference == 0 ? 0 : 2.0 * shared / (hypothesis + reference));
}
