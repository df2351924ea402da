namespace SafeVision.VisionLanguage.Generation;

/// <summary>The answers that a model may give, token by token: all that a constrained decoder lets through. Immutable.</summary>
internal sealed class ChoiceSet
{
    private ChoiceSet(int[][] choices, int[] deciding) => (Choices, DecidingTokens) = (choices, deciding);

    /// <summary>Each choice's tokens, in the order given.</summary>
    public IReadOnlyList<int[]> Choices { get; }

    /// <summary>For each choice, how many of its tokens tell it from all others; those after them must follow. At least 1.</summary>
    public IReadOnlyList<int> DecidingTokens { get; }

    /// <param name="choices">At least one; none empty, none the beginning of another, for then it could not be told where the answer ends.</param>
    /// <exception cref="ArgumentException">The choices are not so.</exception>
    public static ChoiceSet Create(IReadOnlyList<int[]> choices)
    {
        if (choices.Count == 0 || choices.Any(choice => choice.Length == 0))
        {
            throw new ArgumentException("A model must have something to choose from, and every choice at least one token.", nameof(choices));
        }

        int[] deciding = new int[choices.Count];
        Array.Fill(deciding, 1);
        for (int i = 0; i < choices.Count; i++)
        {
            for (int j = 0; j < choices.Count; j++)
            {
                int common = i == j ? 0 : choices[i].AsSpan().CommonPrefixLength(choices[j]);
                if (common == choices[i].Length)
                {
                    throw new ArgumentException($"Choice {i} is the beginning of choice {j}: it could not be told where the answer ends.", nameof(choices));
                }

                deciding[i] = Math.Max(deciding[i], common + 1);
            }
        }

        return new ChoiceSet([.. choices], deciding);
    }
}

/// <summary>How likely a model is to go on with each of some choices.</summary>
/// <param name="Choices">The choices.</param>
/// <param name="TokenLogProbabilities">For each choice, the natural logarithm of the probability of each token that
/// decides, after those before it, among everything the model could say.</param>
internal sealed record ChoiceScores(ChoiceSet Choices, IReadOnlyList<double[]> TokenLogProbabilities)
{
    /// <summary>Each choice's share when nothing else can be said: the product, over the tokens at which choices part,
    /// of the token's share among those that can stand there. A token that must follow costs nothing, so length is no
    /// disadvantage, and none of an advantage: a mean over tokens would lend a name that the model would never begin
    /// the certainty of its later tokens. For choices of one token this is the softmax over their logits. NaN where the
    /// model gives none of the tokens any probability.</summary>
    /// <remarks>A share doesn't depend on the order of the choices, to the last bit.</remarks>
    public double[] Shares()
    {
        double[] shares = new double[TokenLogProbabilities.Count];
        Array.Fill(shares, 1);
        Part([.. Enumerable.Range(0, shares.Length)], 0, shares);
        return shares;
    }

    /// <summary>Shares out what some choices have together, which are equal up to a token.</summary>
    private void Part(int[] together, int token, double[] shares)
    {
        while (together.Length > 1)
        {
            int[][] groups = [.. together.GroupBy(choice => Choices.Choices[choice][token]).Select(group => group.ToArray())];
            if (groups.Length > 1)
            {
                double[] parts = SoftMax([.. groups.Select(group => group.Max(choice => TokenLogProbabilities[choice][token]))]);
                for (int i = 0; i < groups.Length; i++)
                {
                    foreach (int choice in groups[i])
                    {
                        shares[choice] *= parts[i];
                    }

                    if (!(parts[i] <= 0))
                    {
                        Part(groups[i], token + 1, shares);
                    }
                }

                return;
            }

            token++;
        }
    }

    private static double[] SoftMax(double[] logarithms)
    {
        double highest = logarithms.Max(), sum = 0;
        double[] parts = [.. logarithms.Select(logarithm => Math.Exp(logarithm - highest))];
        foreach (double part in parts.Order()) // added up by size: so their order changes nothing
        {
            sum += part;
        }

        return [.. parts.Select(part => part / sum)];
    }
}
