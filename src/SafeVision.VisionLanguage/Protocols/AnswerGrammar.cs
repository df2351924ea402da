namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Turns the texts of an answer into tokens. What is given to the model and what it may choose are
/// tokenised together, as they were when the model was trained: a tokenizer may join the end of one with the beginning
/// of the other.</summary>
internal sealed class AnswerGrammar(TextTokenizer tokenizer, int end, string model)
{
    /// <summary>A point at which the model chooses.</summary>
    /// <param name="options">What may follow; a single one is no choice.</param>
    /// <param name="given">The tokens of the answer that the model has already said.</param>
    /// <exception cref="ModelLoadException">Two options are the same to the model, or it can't say one at all.</exception>
    public AnswerStep Step(PromptText said, IReadOnlyList<AnswerOption> options, int[]? given = null)
    {
        int[][] ids = [.. options.Select(option => Encode(PromptText.Concat(said, option.Text, PromptText.Trusted(option.Follow ?? "")), given ?? [], closed: option.Follow is null))];
        if (ids.Length == 1)
        {
            return new AnswerStep(given ?? [], null);
        }

        int common = ids.Min(option => option.Length - 1);
        foreach (int[] option in ids)
        {
            common = Math.Min(common, option.AsSpan().CommonPrefixLength(ids[0]));
        }

        common = Math.Max(common, given?.Length ?? 0);
        return new AnswerStep(ids[0][..common], AnswerChoices.Create([.. options.Select((option, i) => new PossibleAnswer(option.Meaning, ids[i][common..], null))], model));
    }

    public int[] Encode(PromptText said, int[] given, bool closed = false)
    {
        int[] ids = tokenizer.Encode(said);
        if (!ids.AsSpan().StartsWith(given))
        {
            // The tokenizer looks further back than the tokens that were already said: only the rest can be tokenised.
            string before = tokenizer.Decode(given, skipSpecial: false);
            ids = said.Text.StartsWith(before, StringComparison.Ordinal)
                ? [.. given, .. tokenizer.Encode(said.Slice(before.Length, said.Text.Length - before.Length))]
                : throw new ModelLoadException($"{model}: the tokenizer can't go on from '{before}' to '{said.Text}'. Its files don't belong to the model.");
        }

        return closed ? [.. ids, end] : ids;
    }
}

/// <summary>Something that may follow in an answer.</summary>
/// <param name="Meaning">What it stands for, in the words of an error message.</param>
/// <param name="Follow">What must follow it, by which it is told from longer ones; null: the answer ends.</param>
internal readonly record struct AnswerOption(string Meaning, PromptText Text, string? Follow)
{
    public AnswerOption(string text, string? follow)
        : this($"the answer '{text.Trim()}'", PromptText.Trusted(text), follow)
    {
    }
}

/// <summary>A point at which a model chooses. Immutable.</summary>
/// <param name="Choices">What it may choose; null where there is but one.</param>
internal sealed record AnswerStep(int[] Stem, AnswerChoices? Choices)
{
    /// <summary>The most tokens of the answer up to the end of the longest choice.</summary>
    public int Longest => Stem.Length + (Choices?.LongestAnswer ?? 0);
}

/// <summary>One answer in the making: what is given to the model and what it chooses, in order.</summary>
internal sealed class AnswerDialog(IGenerationSession session)
{
    public int[] Given { get; private set; } = [];

    /// <summary>Each option's share when nothing else can be said; they add up to 1.</summary>
    public async ValueTask<double[]> AskAsync(AnswerStep step, CancellationToken cancellationToken)
    {
        await SayAsync(step.Stem, cancellationToken).ConfigureAwait(false);
        return step.Choices is null ? [1] : await step.Choices.AskAsync(session, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives the model the answer up to a point.</summary>
    public async ValueTask SayAsync(int[] ids, CancellationToken cancellationToken)
    {
        if (!ids.AsSpan().StartsWith(Given))
        {
            throw new ModelOutputException("The answer can't be put together: its tokens don't go on from those that were already said.");
        }

        await session.AppendAsync(ids.AsMemory(Given.Length), cancellationToken).ConfigureAwait(false);
        Given = ids;
    }
}
