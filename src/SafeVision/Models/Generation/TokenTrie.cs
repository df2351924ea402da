namespace SafeVision.Models.Generation;

/// <summary>The answers that a model may give, token by token: all that a constrained decoder lets through. Immutable.</summary>
internal sealed class TokenTrie
{
    private TokenTrie(int[][] choices) => Choices = choices;

    /// <summary>Each choice's tokens, in the order given.</summary>
    public IReadOnlyList<int[]> Choices { get; }

    /// <summary>Whether every choice is a single token, so that one look at the logits decides.</summary>
    public bool IsFlat => Choices.All(choice => choice.Length == 1);

    /// <param name="choices">At least one; none empty, none the beginning of another, for then it could not be told where the answer ends.</param>
    /// <exception cref="ArgumentException">The choices are not so.</exception>
    public static TokenTrie Create(IReadOnlyList<int[]> choices)
    {
        if (choices.Count == 0 || choices.Any(choice => choice.Length == 0))
        {
            throw new ArgumentException("A model must have something to choose from, and every choice at least one token.", nameof(choices));
        }

        for (int i = 0; i < choices.Count; i++)
        {
            for (int j = 0; j < choices.Count; j++)
            {
                if (i != j && choices[j].AsSpan().StartsWith(choices[i]))
                {
                    throw new ArgumentException($"Choice {i} is the beginning of choice {j}: it could not be told where the answer ends.", nameof(choices));
                }
            }
        }

        return new TokenTrie([.. choices]);
    }
}
