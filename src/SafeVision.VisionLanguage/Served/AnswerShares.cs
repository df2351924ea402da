namespace SafeVision.VisionLanguage.Served;

/// <summary>How likely a served guard was to go on with each of some choices, of which its answer has one.</summary>
internal static class AnswerShares
{
    /// <summary>The scores where nothing is known: choices that are equal up to a token are equally likely.</summary>
    public static double[][] Unknown(ChoiceSet choices) => [.. choices.Choices.Select((choice, i) => Equal(choices, choice, choices.DecidingTokens[i], 0))];

    /// <summary>The scores of choices. Where the answer has the probabilities of its tokens, each choice counts with
    /// the likeliest of those that begin it at the token that decides; one that the server does not list with no more
    /// than the least of those that it lists. Elsewhere the choice that was made is certain.</summary>
    /// <param name="at">Where it stands there.</param>
    /// <returns>The scores, and whether all of them are the server's.</returns>
    public static (double[][] Scores, bool AreKnown) Of(ChoiceSet choices, int chosen, AnswerText answer, int at)
    {
        int[] said = choices.Choices[chosen];
        int[] places = new int[said.Length];
        answer.Match(said, at, isWhole: true, places);
        double[][] scores = [.. choices.Choices.Select((choice, i) => Equal(choices, choice, choices.DecidingTokens[i], Common(choice, said)))];
        bool known = true;
        for (int token = 0; token < choices.DecidingTokens[chosen]; token++)
        {
            int[] here = [.. Enumerable.Range(0, scores.Length).Where(i => Common(choices.Choices[i], said) >= token && choices.DecidingTokens[i] > token)];
            int[] next = [.. here.Select(i => choices.Choices[i][token]).Distinct()];
            if (next.Length == 1)
            {
                continue;
            }

            bool goesOn = next.Any(id => id == ServedConversation.End || AnswerText.IsSpace(id)); // whether a list goes on is what the answer says
            Dictionary<int, double>? masses = goesOn ? null : answer.Tokens.Masses(
                places[token], [.. here.Select(i => (choices.Choices[i][token], Expected(answer, at, choices.Choices[i])))], said[token]);
            known &= goesOn || masses is not null;
            foreach (int i in here)
            {
                int id = choices.Choices[i][token];
                scores[i][token] = masses is null ? (id == said[token] ? 0 : double.NegativeInfinity) : Math.Log(masses[id]);
            }
        }

        return (scores, known);

        // The answer up to the choice, and the choice.
        static byte[] Expected(AnswerText answer, int at, int[] choice) =>
            [.. answer.Bytes[..at], .. choice.TakeWhile(id => id != ServedConversation.End).Select(id => (byte)id)];
    }

    private static double[] Equal(ChoiceSet choices, int[] choice, int deciding, int known)
    {
        double[] scores = new double[deciding];
        for (int token = known + 1; token < deciding; token++)
        {
            double together = choices.Choices.Count(other => Common(other, choice) >= token);
            scores[token] = Math.Log(choices.Choices.Count(other => Common(other, choice) > token) / together);
        }

        if (known == 0 && deciding > 0)
        {
            scores[0] = Math.Log((double)choices.Choices.Count(other => Common(other, choice) > 0) / choices.Choices.Count);
        }

        return scores;
    }

    private static int Common(int[] one, int[] other) => one.AsSpan().CommonPrefixLength(other);
}

/// <summary>The tokens of an answer with their probabilities, found by the place that they cover.</summary>
internal sealed class ScoredTokens
{
    private const double Rounding = 1e-3; // a log-probability this far above 0 is no rounding error any more

    private readonly List<(int Start, int End, ServedToken Token)> _tokens = [];

    /// <param name="whole">The answer as it was given.</param>
    /// <param name="offset">Where in it the text begins in which places are counted.</param>
    /// <param name="tokens">The tokens; what goes on otherwise than the answer is not used.</param>
    /// <exception cref="ModelOutputException">A number is no logarithm of a probability.</exception>
    public ScoredTokens(byte[] whole, int offset, IReadOnlyList<ServedToken> tokens)
    {
        int place = 0;
        foreach (ServedToken token in tokens)
        {
            foreach (double number in token.Alternatives.Select(other => other.Value).Append(token.LogProbability))
            {
                if (!(number <= Rounding))
                {
                    throw new ModelOutputException($"The served guard gave {number} as the logarithm of a probability; nothing can be concluded from its answer.");
                }
            }

            byte[] text = Encoding.UTF8.GetBytes(place == 0 ? token.Text.TrimStart() : token.Text); // servers trim the answer, and not its tokens
            while (place == 0 && place < whole.Length && AnswerText.IsSpace(whole[place]))
            {
                place++;
            }

            if (!whole.AsSpan(place).StartsWith(text))
            {
                break;
            }

            _tokens.Add((place - offset, place - offset + text.Length, token));
            place += text.Length;
        }
    }

    /// <summary>The probability of each next byte at a place, up to a common factor; null where no token is known that decides it.</summary>
    /// <param name="expected">For each choice, its next byte and all that would stand up to the end of the choice.</param>
    public Dictionary<int, double>? Masses(int place, IReadOnlyList<(int Next, byte[] Text)> expected, int said)
    {
        int index = _tokens.FindIndex(token => token.Start <= place && place < token.End);
        if (index < 0)
        {
            return null;
        }

        (int start, _, ServedToken token) = _tokens[index];
        var masses = new Dictionary<int, double>();
        double listed = 0, least = 1;
        foreach ((string text, double logarithm) in token.Alternatives.Where(other => other.Key != token.Text).Append(new(token.Text, token.LogProbability)))
        {
            double probability = Math.Min(1, Math.Exp(logarithm));
            listed += probability;
            least = Math.Min(least, probability);
            int[] meant = [.. expected.Where(choice => Begins(choice.Text, start, text)).Select(choice => choice.Next).Distinct()];
            if (meant.Length == 1)
            {
                masses[meant[0]] = Math.Max(masses.GetValueOrDefault(meant[0]), probability);
            }
        }

        if (!(masses.GetValueOrDefault(said) > 0))
        {
            return null;
        }

        double unlisted = Math.Max(0, Math.Min(least, 1 - listed));
        foreach ((int next, _) in expected)
        {
            masses.TryAdd(next, unlisted);
        }

        return masses;
    }

    /// <summary>Whether a token that stands at a place begins what is expected from there on, or the other way round.</summary>
    private static bool Begins(byte[] expected, int start, string token)
    {
        byte[] said = Plain(Encoding.UTF8.GetBytes(token)), wanted = Plain(expected.AsSpan(Math.Clamp(start, 0, expected.Length)));
        return said.Length > 0 && wanted.Length > 0 && (wanted.AsSpan().StartsWith(said) || said.AsSpan().StartsWith(wanted));
    }

    private static byte[] Plain(ReadOnlySpan<byte> text)
    {
        var plain = new List<byte>(text.Length);
        foreach (byte value in text)
        {
            if (!AnswerText.IsSpace(value) && !(plain.Count == 0 && value is (byte)'"' or (byte)'\'' or (byte)'*'))
            {
                plain.Add((byte)AnswerText.Lower(value));
            }
        }

        return [.. plain];
    }
}
