namespace SafeVision.VisionLanguage.Generation;

/// <summary>The answers that a model may give, token by token: all that a constrained decoder lets through. Immutable.</summary>
internal sealed class TokenTrie
{
    private TokenTrie(int[][] choices, int[] deciding) => (Choices, DecidingTokens) = (choices, deciding);

    /// <summary>Each choice's tokens, in the order given.</summary>
    public IReadOnlyList<int[]> Choices { get; }

    /// <summary>For each choice, how many of its tokens tell it from all others; those after them must follow. At least 1.</summary>
    public IReadOnlyList<int> DecidingTokens { get; }

    /// <param name="choices">At least one; none empty, none the beginning of another, for then it could not be told where the answer ends.</param>
    /// <exception cref="ArgumentException">The choices are not so.</exception>
    public static TokenTrie Create(IReadOnlyList<int[]> choices)
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

        return new TokenTrie([.. choices], deciding);
    }
}
