using SafeVision.Inference;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>All that a model can answer at one point, and how likely it is to answer each. Immutable.</summary>
internal sealed class AnswerChoices
{
    /// <summary>A log-probability this far above 0 is no rounding error any more.</summary>
    private const double Rounding = 1e-3;

    private readonly TokenTrie _trie;

    private AnswerChoices(TokenTrie trie) => _trie = trie;

    /// <summary>The most tokens that an answer takes.</summary>
    public int LongestAnswer => _trie.Choices.Max(choice => choice.Length);

    /// <summary>Makes answers ready to be asked for.</summary>
    /// <param name="answers">The answers. One that is the beginning of another is said to its end, to be told from it.</param>
    /// <param name="model">The model's name, for errors.</param>
    /// <exception cref="ModelLoadException">Two answers are the same to the model, or it can't say one at all.</exception>
    public static AnswerChoices Create(IReadOnlyList<PossibleAnswer> answers, string model)
    {
        var known = new Dictionary<string, PossibleAnswer>(StringComparer.Ordinal);
        foreach (PossibleAnswer answer in answers)
        {
            if (answer.Ids.Length == 0)
            {
                throw new ModelLoadException($"{model}: the tokenizer has no tokens for {answer.Meaning}, so the model can't answer it. Give the category a name in letters that the model knows.");
            }

            if (!known.TryAdd(string.Join(' ', answer.Ids), answer))
            {
                throw new ModelLoadException($"{model}: {known[string.Join(' ', answer.Ids)].Meaning} and {answer.Meaning} are the same tokens, so the model can't tell them apart. Give one of them another name or, in the prompt file, another token.");
            }
        }

        int[][] choices = [.. answers.Select(answer => answer.End is { } end && answers.Any(other => IsBeginning(answer.Ids, other.Ids)) ? [.. answer.Ids, end] : answer.Ids)];
        try
        {
            return new AnswerChoices(TokenTrie.Create(choices));
        }
        catch (ArgumentException exception)
        {
            throw new ModelLoadException($"{model}: the answers of the prompt file can't be told apart. {exception.Message}", exception);
        }
    }

    /// <summary>Each answer's share when nothing else can be said, in the order given; they add up to 1.</summary>
    /// <exception cref="ModelOutputException">The model gave numbers that are no probabilities.</exception>
    public async ValueTask<double[]> AskAsync(IGuardDialog dialog, CancellationToken cancellationToken)
    {
        ChoiceScores scores = await dialog.ChooseAsync(_trie, cancellationToken).ConfigureAwait(false);
        foreach (double score in scores.TokenLogProbabilities.SelectMany(tokens => tokens))
        {
            if (!(score <= Rounding))
            {
                throw new ModelOutputException($"The model gave {score} as the logarithm of a probability; nothing can be concluded from its answer.");
            }
        }

        double[] shares = scores.Shares();
        return shares.Any(double.IsNaN)
            ? throw new ModelOutputException("The model gives none of the answers that it may give any probability; nothing can be concluded from it.")
            : shares;
    }

    private static bool IsBeginning(int[] ids, int[] of) => ids.Length < of.Length && of.AsSpan().StartsWith(ids);
}
