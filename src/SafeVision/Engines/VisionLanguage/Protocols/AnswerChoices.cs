using SafeVision.Execution;
using SafeVision.Models.Generation;

namespace SafeVision.Engines.VisionLanguage.Protocols;

/// <summary>All that a model can answer at one point, and how likely it is to answer each. Immutable.</summary>
internal sealed class AnswerChoices
{
    /// <summary>A log-probability this far above 0 is no rounding error any more.</summary>
    private const double Rounding = 1e-3;

    private readonly TokenTrie _trie;
    private readonly bool _byName;

    private AnswerChoices(TokenTrie trie, bool byName) => (_trie, _byName) = (trie, byName);

    /// <summary>The most tokens that an answer takes.</summary>
    public int LongestAnswer => _trie.Choices.Max(choice => choice.Length);

    /// <summary>Makes answers ready to be asked for.</summary>
    /// <param name="answers">
    /// The answers. Where each is a single token, one look at the logits decides; otherwise each is said to its end, so that
    /// none is the beginning of another.
    /// </param>
    /// <param name="byName">
    /// Whether the model never learnt the answers: then a long one is not at a disadvantage. Answers that it was trained to give
    /// are weighed as a whole.
    /// </param>
    /// <param name="model">The model's name, for errors.</param>
    /// <exception cref="ModelLoadException">Two answers are the same to the model, or it can't say one at all.</exception>
    public static AnswerChoices Create(IReadOnlyList<PossibleAnswer> answers, bool byName, string model)
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

        bool single = answers.All(answer => answer.Ids.Length == 1);
        int[][] choices = [.. answers.Select(answer => single || answer.End is not { } end ? answer.Ids : [.. answer.Ids, end])];
        try
        {
            return new AnswerChoices(TokenTrie.Create(choices), byName);
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
        bool possible = false;
        foreach (double score in scores.LogProbabilities)
        {
            if (!(score <= Rounding))
            {
                throw new ModelOutputException($"The model gave {score} as the logarithm of a probability; nothing can be concluded from its answer.");
            }

            possible |= double.IsFinite(score);
        }

        if (!possible)
        {
            throw new ModelOutputException("The model gives none of the answers that it may give any probability; nothing can be concluded from it.");
        }

        return _byName ? scores.Shares() : scores.WholeShares();
    }
}
