namespace SafeVision.Evaluation.Metrics;

/// <summary>Sequences of up to four neighbouring tokens, and how often each occurs.</summary>
internal static class NGrams
{
    public const int LongestOrder = 4;

    /// <summary>Counts the n-grams of one order; shorter ones are padded with −1, which is no token.</summary>
    public static Dictionary<(int, int, int, int), int> Count(int[] tokens, int order)
    {
        Dictionary<(int, int, int, int), int> counts = [];
        for (int i = 0; i + order <= tokens.Length; i++)
        {
            var gram = (tokens[i], order > 1 ? tokens[i + 1] : -1, order > 2 ? tokens[i + 2] : -1, order > 3 ? tokens[i + 3] : -1);
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }

    /// <summary>How many n-grams two texts share, each counted as often as it occurs in both.</summary>
    public static int Shared(int[] left, int[] right, int order)
    {
        var counts = Count(right, order);
        return Count(left, order).Sum(gram => Math.Min(gram.Value, counts.GetValueOrDefault(gram.Key)));
    }
}
