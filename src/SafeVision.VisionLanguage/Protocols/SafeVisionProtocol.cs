namespace SafeVision.VisionLanguage.Protocols;

/// <summary>The protocol of the SafeVision paper (arXiv 2510.23960): the answer is the token of a category or of
/// "safe"; in comprehension mode a harmful one is followed by the reason token and a reason of at most 30 words.
/// Categories that the model has no token for are answered by name; where a reason is wanted too, by
/// <see cref="InContextAnswer"/>.</summary>
/// <remarks>The paper's fast prompt holds no policy. It is used only where the policy says what the model was trained
/// on: the paper's nine categories with their definitions unchanged, and a prompt file with a template <c>bare</c>. Any
/// other policy stands in the prompt.</remarks>
internal sealed class SafeVisionProtocol : IGuardProtocol
{
    public string Name => "safevision";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        var marks = new AnswerTokens(context.Tokenizer, context.Wording, context.Model);
        AnswerToken safe = marks.OfSafe();
        AnswerToken?[] known = [.. context.Policy.Categories.Select(marks.OfCategory)];
        string[] names = AnswerNames.For(context.Policy, safe.Text, context.Model);
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) =>
            new ProtocolCategory(i, category, known[i] is { } mark ? PromptText.Trusted(mark.Text) : PromptText.Untrusted(names[i])))];

        bool explains = context.Mode == VisionLanguageMode.Comprehension, novel = known.Contains(null);
        if (explains && novel && context.Wording.Has("novel"))
        {
            return new InContextAnswer(context, categories, safe.Text);
        }

        bool bare = !explains && context.Wording.Has("bare") && IsTrainedTaxonomy(context.Policy);
        AnswerToken? reason = explains ? marks.OfReason() : null;
        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt prompt = prompts.Write(
            explains ? "comprehension" : bare ? "bare" : "fast",
            categories,
            safe.Text,
            reason?.Text ?? "");

        int[][] ids = [.. categories.Select((category, i) => known[i]?.Ids ?? context.Tokenizer.Encode(category.Answer))];
        var choices = AnswerChoices.Create(
            [new PossibleAnswer("the answer 'safe'", safe.Ids, prompt.End),
             .. categories.Select((category, i) => new PossibleAnswer($"the category '{category.Category.Id}'", ids[i], reason?.Ids[0] ?? prompt.End))], context.Model);
        prompts.RequireFit(prompt, choices.LongestAnswer + (reason is null ? 0 : reason.Ids.Length + prompts.ReasonLimits.MaximumTokens));
        CategoryCoverage[] coverage = [.. categories.Select(category => bare
            ? PromptCoverage.Trained(category.Category, category.Answer.Text)
            : prompt.Coverage.Of(category.Category, category.Answer.Text))];
        int[][]? spoken = reason is null ? null : [.. ids.Select(id => (int[])[.. id, .. reason.Ids])];
        return new Compiled(context.Policy, coverage, prompt.Tokens, choices, spoken, prompts.ReasonLimits);
    }

    private static bool IsTrainedTaxonomy(SafetyPolicy policy) =>
        policy.Categories.Count == HarmCategory.All.Count && policy.Categories.All(category =>
            HarmCategory.TryParse(category.Id, out HarmCategory? known)
            && category.Name == known.Definition.Name
            && category.Protects == known.Definition.Protects
            && category.Includes.SequenceEqual(known.Definition.Includes)
            && category.Excludes.SequenceEqual(known.Definition.Excludes));

    /// <param name="choices">Safe, then the policy's categories in order.</param>
    /// <param name="spoken">What stands before the reason for each category; null where no reason is wanted.</param>
    /// <param name="limits">Where a reason ends.</param>
    private sealed class Compiled(
        SafetyPolicy policy, CategoryCoverage[] coverage, GuardPrompt prompt, AnswerChoices choices, int[][]? spoken, TextLimits limits) : CompiledProtocol
    {
        public override IReadOnlyList<CategoryCoverage> Coverage => coverage;

        public override IReadOnlyList<GuardPrompt> Prompts { get; } = [prompt];

        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            IGenerationSession session = await model.OpenAsync(prompt, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                double[] shares = await choices.AskAsync(session, cancellationToken).ConfigureAwait(false);
                double[] scores = CategoryScores.Spread(1 - shares[0], shares.AsSpan(1));
                CategoryAnswer?[] categories = [.. scores.Select((score, i) => (CategoryAnswer?)new CategoryAnswer(score, shares[i + 1]))];
                int primary = CategoryScores.Primary(policy, categories, shares[0]);
                string? written = null;
                if (spoken is not null && primary >= 0)
                {
                    await session.AppendAsync(spoken[primary], cancellationToken).ConfigureAwait(false);
                    written = (await session.WriteAsync(limits, reason, cancellationToken).ConfigureAwait(false)).Text;
                }

                return new GuardAnswer { Categories = categories, Safe = shares[0], Reason = written, Primary = primary };
            }
        }
    }
}

/// <summary>The SafeVision paper's answer for novel categories: a JSON object with what the image shows, why categories
/// apply or not, and a flag for each category, of which several may be true. The model writes the two sentences and
/// decides the flags; all else is given to it. Each score is P(true) against P(false), after the flags before
/// it.</summary>
internal sealed class InContextAnswer : CompiledProtocol
{
    private readonly SafetyPolicy _policy;
    private readonly GuardPrompt _prompt;
    private readonly AnswerChoices _flag;
    private readonly int[][] _flagIds;
    private readonly int[] _content;
    private readonly int[] _reason;
    private readonly int[][] _keys;
    private readonly JsonText _sentence;

    public InContextAnswer(ProtocolContext context, IReadOnlyList<ProtocolCategory> categories, string safe)
    {
        _policy = context.Policy;
        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt prompt = prompts.Write("novel", categories, safe);
        _prompt = prompt.Tokens;
        _sentence = new JsonText(context.Tokenizer, prompts.ReasonLimits);

        // The keys are codes and not names: no character of a policy stands in the answer's grammar.
        TextTokenizer tokenizer = context.Tokenizer;
        _content = tokenizer.Encode("{\"IMAGE_CONTENT\": \"");
        _reason = tokenizer.Encode("\", \"MODERATION_REASON\": \"");
        _keys = [.. categories.Select((_, i) => tokenizer.Encode(string.Create(
            CultureInfo.InvariantCulture, $"{(i == 0 ? "\", \"MODERATION_RESULT\": {" : ", ")}\"C{i + 1}\":")))];
        _flagIds = [tokenizer.Encode(" true"), tokenizer.Encode(" false")];
        _flag = AnswerChoices.Create(
            [new PossibleAnswer("'true'", _flagIds[0], null), new PossibleAnswer("'false'", _flagIds[1], null)], context.Model);
        int answer = _content.Length + _reason.Length + _keys.Sum(key => key.Length + _flag.LongestAnswer) + (2 * prompts.ReasonLimits.MaximumTokens);
        prompts.RequireFit(prompt, answer);
        Coverage = [.. categories.Select(category => prompt.Coverage.Of(category.Category, category.Answer.Text))];
        Prompts = [_prompt];
    }

    public override IReadOnlyList<CategoryCoverage> Coverage { get; }
    public override IReadOnlyList<GuardPrompt> Prompts { get; }

    /// <remarks>The reason is known before the flags are, but told only after them: that of a harmless image is for nobody.</remarks>
    public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
    {
        IGenerationSession session = await model.OpenAsync(_prompt, cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await session.AppendAsync(_content, cancellationToken).ConfigureAwait(false);
            await _sentence.WriteAsync(session, null, cancellationToken).ConfigureAwait(false);
            await session.AppendAsync(_reason, cancellationToken).ConfigureAwait(false);
            string written = await _sentence.WriteAsync(session, null, cancellationToken).ConfigureAwait(false);

            var categories = new CategoryAnswer?[_keys.Length];
            for (int i = 0; i < categories.Length; i++)
            {
                await session.AppendAsync(_keys[i], cancellationToken).ConfigureAwait(false);
                double[] shares = await _flag.AskAsync(session, cancellationToken).ConfigureAwait(false);
                categories[i] = new CategoryAnswer(shares[0], shares[0]);
                await session.AppendAsync(_flagIds[shares[0] > shares[1] ? 0 : 1], cancellationToken).ConfigureAwait(false);
            }

            int primary = CategoryScores.Primary(_policy, categories, safe: 0.5);
            if (primary < 0)
            {
                return new GuardAnswer { Categories = categories, Primary = primary };
            }

            reason?.Invoke(written);
            return new GuardAnswer { Categories = categories, Reason = written, Primary = primary };
        }
    }
}
