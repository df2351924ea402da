// Protocols: one file for each way in which a guard is asked and its answer read, found by GuardProtocols. Most compile to a VerdictAnswer
// of a VerdictForm, or to CategoryQuestions; AnswerGrammar turns what may be answered into tokens, ProtocolPrompts writes the questions.

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>All that a model can answer at one point, and how likely it is to answer each. Immutable.</summary>
internal sealed class AnswerChoices
{
    /// <summary>A log-probability this far above 0 is no rounding error any more.</summary>
    private const double Rounding = 1e-3;

    private readonly ChoiceSet _choices;

    private AnswerChoices(ChoiceSet choices) => _choices = choices;

    public int LongestAnswer => _choices.Choices.Max(choice => choice.Length);

    /// <summary>Makes answers ready to be asked for.</summary>
    /// <param name="answers">The answers. One that is the beginning of another is said to its end, to be told from it.</param>
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
            return new AnswerChoices(ChoiceSet.Create(choices));
        }
        catch (ArgumentException exception)
        {
            throw new ModelLoadException($"{model}: the answers of the prompt file can't be told apart. {exception.Message}", exception);
        }
    }

    /// <summary>Each answer's share when nothing else can be said, in the order given; they add up to 1.</summary>
    /// <exception cref="ModelOutputException">The model gave numbers that are no probabilities.</exception>
    public async ValueTask<double[]> AskAsync(IGenerationSession session, CancellationToken cancellationToken)
    {
        ChoiceScores scores = await session.ChooseAsync(_choices, cancellationToken).ConfigureAwait(false);
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

/// <summary>Something that a model can answer.</summary>
/// <param name="Meaning">What it stands for, in the words of an error message.</param>
/// <param name="End">The token that follows it when it is said to its end; null where its own last token ends it.</param>
internal sealed record PossibleAnswer(string Meaning, int[] Ids, int? End);

/// <summary>The names by which a model is to call a policy's categories.</summary>
internal static class AnswerNames
{
    /// <summary>Each category's name; where another category has the same, or it is the word for a harmless image, its
    /// id stands behind it. So a name doesn't depend on the order of the policy.</summary>
    /// <exception cref="ModelLoadException">Two categories would still have the same name.</exception>
    public static string[] For(SafetyPolicy policy, string safe, string model)
    {
        Dictionary<string, int> uses = new(StringComparer.OrdinalIgnoreCase) { [safe] = 2 };
        string[] names = [.. policy.Categories.Select(category => PolicyWords.Inert(category.Name))];
        foreach (string name in names)
        {
            uses[name] = uses.GetValueOrDefault(name) + 1;
        }

        names = [.. policy.Categories.Select((category, i) => uses[names[i]] == 1 ? names[i] : $"{names[i]} ({category.Id})")];
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { safe };
        string? twice = names.FirstOrDefault(name => !taken.Add(name));
        return twice is null ? names : throw new ModelLoadException(
            $"{model}: two categories of the policy '{policy.Name}' would both be called '{twice}', so the model can't tell them apart. Give one of them another name.");
    }
}

/// <summary>From the shares of an answer that names one category to a score for each.</summary>
internal static class CategoryScores
{
    /// <summary>Score = P(not safe) × share / largest share of a category. An answer names one category even where
    /// several harms are seen; so the harms don't share out one doubt among them: if half says violence and half says
    /// weapons, both score 1. The likeliest category scores what the model thinks of the image as a whole, the others
    /// in proportion.</summary>
    /// <param name="unsafeShare">The probability that the image is not safe, 0 to 1.</param>
    /// <param name="shares">Each category's share of the answers; any scale.</param>
    /// <param name="others">The largest share of a category that the model knows and the policy lacks; 0 if none.</param>
    public static double[] Spread(double unsafeShare, ReadOnlySpan<double> shares, double others = 0)
    {
        double largest = others;
        foreach (double share in shares)
        {
            largest = Math.Max(largest, share);
        }

        double[] scores = new double[shares.Length];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = largest > 0 ? unsafeShare * (shares[i] / largest) : 0;
        }

        return scores;
    }

    /// <summary>The position of the category that is worth a reason: the likeliest one, if the model holds the image
    /// for harmful or a score reaches the point where a person should look; -1 otherwise. Equally likely ones are taken
    /// in order of their ids.</summary>
    public static int Primary(SafetyPolicy policy, IReadOnlyList<CategoryAnswer?> answers, double safe)
    {
        int primary = -1;
        bool suspected = false;
        for (int i = 0; i < answers.Count; i++)
        {
            if (answers[i] is not { } answer)
            {
                continue;
            }

            suspected |= answer.Score >= policy.Categories[i].ReviewAt || answer.Probability > safe;
            int order = primary < 0 ? 1 : answer.Probability.CompareTo(answers[primary]!.Value.Probability);
            if (order > 0 || (order == 0 && string.CompareOrdinal(policy.Categories[i].Id, policy.Categories[primary].Id) < 0))
            {
                primary = i;
            }
        }

        return suspected ? primary : -1;
    }
}

/// <summary>Finds what a model was trained to say for "safe", for a category, or before a reason.</summary>
internal sealed class AnswerTokens(TextTokenizer tokenizer, PromptWording wording, string model)
{
    private const string SafeToken = "<|SAFE|>";
    private const string ReasonToken = "<|REASON|>";

    /// <summary>Whether a tokenizer has the paper's tokens: the safe one and that of a category at least.</summary>
    public static bool AreKnownTo(TextTokenizer tokenizer) =>
        FindToken(tokenizer, SafeToken) is not null && HarmCategory.All.Any(category => FindToken(tokenizer, TokenOf(category.Id)) is not null);

    /// <summary>The mark of a harmless image.</summary>
    /// <exception cref="ModelLoadException">The tokenizer has none.</exception>
    public AnswerToken OfSafe() => Required("safe", wording.SafeToken, SafeToken);

    /// <summary>The mark before a reason.</summary>
    /// <exception cref="ModelLoadException">The tokenizer has none.</exception>
    public AnswerToken OfReason() => Required("reason", wording.ReasonToken, ReasonToken);

    /// <summary>The mark of a category: what the prompt file says, else the token of a category of the paper's
    /// taxonomy; null where the model has none. An id of the host's own never names a token by itself, for then a
    /// policy could have the model say any control token.</summary>
    public AnswerToken? OfCategory(SafetyCategory category) =>
        wording.Token(category.Id) is { } text ? Mark(category.Id, text)
        : HarmCategory.TryParse(category.Id, out HarmCategory? known) ? FindToken(tokenizer, TokenOf(known.Id)) : null;

    private static string TokenOf(string id) => $"<|{id}|>";

    private AnswerToken Required(string key, string? worded, string otherwise) =>
        (worded is null ? FindToken(tokenizer, otherwise) : Mark(key, worded)) ?? throw Missing(key, worded ?? otherwise);

    /// <summary>A mark of the prompt file: a token, or words that the model was trained to say in its place.</summary>
    private AnswerToken Mark(string key, string text)
    {
        if (FindToken(tokenizer, text) is { } mark)
        {
            return mark;
        }

        int[] ids = tokenizer.Encode(text);
        return ids.Length > 0 && !text.StartsWith("<|", StringComparison.Ordinal) ? new AnswerToken(text, ids) : throw Missing(key, text);
    }

    private ModelLoadException Missing(string key, string text) => new(
        $"{model}: the tokenizer has no token '{text}', which the safevision protocol needs for '{key}'. Name the model's own under 'tokens' in the prompt file beside the model, or set 'protocol: instruct' there.");

    /// <summary>A token by its content, else by its content in other upper and lower case: training data spells some both ways.</summary>
    private static AnswerToken? FindToken(TextTokenizer tokenizer, string text)
    {
        if (tokenizer.Find(text) is { } id)
        {
            return new AnswerToken(text, [id]);
        }

        AddedToken? other = tokenizer.AddedTokens.FirstOrDefault(token => token.Content.Equals(text, StringComparison.OrdinalIgnoreCase));
        return other is null ? null : new AnswerToken(other.Content, [other.Id]);
    }
}

/// <summary>What a model was trained to say for something.</summary>
internal sealed record AnswerToken(string Text, int[] Ids);
