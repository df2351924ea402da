namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// How much a written reason overlaps with reference reasons. Overlap of words is not truth: a fluent false reason can score
/// higher than a right one in other words.
/// </summary>
/// <remarks>
/// Tokens are runs of ASCII letters and digits in lower case. Only the first <see cref="LongestText"/> tokens of a text count,
/// so that a model that rambles costs bounded time (ROUGE-L is quadratic).
/// </remarks>
public static class TextMetrics
{
    /// <summary>How many tokens of a text count.</summary>
    public const int LongestText = 4096;

    /// <summary>The tokens of a text, at most <see cref="LongestText"/>.</summary>
    public static IReadOnlyList<string> Tokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
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

    /// <summary>BLEU of one text, 0 to 1, with the brevity penalty for the reference of the closest length.</summary>
    /// <param name="hypothesis">The text to judge.</param>
    /// <param name="references">One or more texts that would be right.</param>
    /// <param name="smoothing">What happens where an order has no match.</param>
    /// <param name="order">The longest n-gram, 1 to 4.</param>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static double Bleu(string hypothesis, IReadOnlyList<string> references, BleuSmoothing smoothing, int order = NGrams.LongestOrder) =>
        CorpusBleu([(hypothesis, references)], smoothing, order)!.Value;

    /// <summary>BLEU of a corpus, from the summed counts of its texts; null for an empty corpus.</summary>
    /// <param name="corpus">Texts, each with one or more references.</param>
    /// <param name="smoothing">What happens where an order has no match.</param>
    /// <param name="order">The longest n-gram, 1 to 4.</param>
    /// <exception cref="ArgumentException">A text has no reference.</exception>
    public static double? CorpusBleu(
        IEnumerable<(string Hypothesis, IReadOnlyList<string> References)> corpus, BleuSmoothing smoothing, int order = NGrams.LongestOrder)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        CheckOrder(order);
        BleuCounts? counts = null;
        foreach ((string hypothesis, IReadOnlyList<string> references) in corpus)
        {
            var (tokens, others) = Number(hypothesis, references);
            counts ??= new(order);
            counts.Add(tokens, others);
        }

        return counts?.Score(smoothing);
    }

    /// <summary>ROUGE-N: shared n-grams (Lin 2004).</summary>
    /// <param name="hypothesis">The text to judge.</param>
    /// <param name="reference">A text that would be right.</param>
    /// <param name="order">The length of the n-grams, 1 to 4.</param>
    public static TextOverlap RougeN(string hypothesis, string reference, int order)
    {
        CheckOrder(order);
        var (tokens, others) = Number(hypothesis, [reference]);
        return TextOverlap.From(
            NGrams.Shared(tokens, others[0], order), Math.Max(0, tokens.Length - order + 1), Math.Max(0, others[0].Length - order + 1));
    }

    /// <summary>ROUGE-L: the longest common subsequence of tokens (Lin 2004).</summary>
    /// <param name="hypothesis">The text to judge.</param>
    /// <param name="reference">A text that would be right.</param>
    public static TextOverlap RougeL(string hypothesis, string reference)
    {
        var (tokens, others) = Number(hypothesis, [reference]);
        return TextOverlap.From(LongestCommonSubsequence(tokens, others[0]), tokens.Length, others[0].Length);
    }

    /// <summary>ROUGE-L against the reference with the best F1.</summary>
    /// <inheritdoc cref="Bleu" path="/param[@name='hypothesis' or @name='references']|/exception"/>
    public static TextOverlap RougeL(string hypothesis, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        return references.Count == 0
            ? throw NoReference()
            : references.Select(reference => RougeL(hypothesis, reference)).MaxBy(overlap => overlap.F1);
    }

    /// <summary>F1 of shared tokens in any order, against the best reference.</summary>
    /// <inheritdoc cref="Bleu" path="/param[@name='hypothesis' or @name='references']|/exception"/>
    public static double TokenF1(string hypothesis, IReadOnlyList<string> references)
    {
        var (tokens, others) = Number(hypothesis, references);
        return others.Max(reference => TextOverlap.From(NGrams.Shared(tokens, reference, 1), tokens.Length, reference.Length).F1);
    }

    // Words become numbers once, so that comparing n-grams compares integers.
    private static (int[] Tokens, int[][] References) Number(string hypothesis, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
        {
            throw NoReference();
        }

        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        int[] NumberOne(string text) =>
            [.. Tokenize(text).Select(token => numbers.TryGetValue(token, out int known) ? known : numbers[token] = numbers.Count)];
        return (NumberOne(hypothesis), [.. references.Select(NumberOne)]);
    }

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

    private static void CheckOrder(int order)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, NGrams.LongestOrder);
    }

    private static ArgumentException NoReference() => new("Without a reference there is nothing to compare with.", "references");
}
