namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Any vision-language model that was tuned to follow instructions and not to guard: it is asked which
/// category an image belongs to and can answer only with the name of one or with "Safe". In comprehension mode a second
/// question about the likeliest category gets the reason, so that both modes give the same scores.</summary>
internal sealed class InstructProtocol : IGuardProtocol
{
    private const string DefaultSafe = "Safe";

    public string Name => "instruct";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        string safe = context.Wording.SafeToken ?? DefaultSafe;
        string[] names = AnswerNames.For(context.Policy, safe, context.Model);
        ProtocolCategory[] categories = [.. context.Policy.Categories.Select((category, i) =>
            new ProtocolCategory(i, category, PromptText.Untrusted(names[i])))];

        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt prompt = prompts.Write("fast", categories, safe);
        var choices = AnswerChoices.Create(
            [new PossibleAnswer($"the answer '{safe}'", context.Tokenizer.Encode(safe), prompt.End),
             .. categories.Select(category => new PossibleAnswer(
                 $"the category '{category.Category.Id}'", context.Tokenizer.Encode(category.Answer), prompt.End))], context.Model);
        prompts.RequireFit(prompt, choices.LongestAnswer);

        ProtocolPrompt[] explanations = context.Mode == VisionLanguageMode.Fast ? []
            : [.. categories.Select(category => prompts.Write("explain", [category], safe))];
        foreach (ProtocolPrompt explanation in explanations)
        {
            prompts.RequireFit(explanation, prompts.ReasonLimits.MaximumTokens);
        }

        CategoryCoverage[] coverage = [.. categories.Select(category => prompt.Coverage.Of(category.Category, category.Answer.Text))];
        return new Compiled(context.Policy, coverage, [prompt.Tokens, .. explanations.Select(explanation => explanation.Tokens)], choices, prompts.ReasonLimits);
    }

    /// <param name="coverage">What of it stands in the first prompt.</param>
    /// <param name="prompts">The question for the category; in comprehension mode, then one for the reason of each category.</param>
    /// <param name="choices">Safe, then the policy's categories in order.</param>
    /// <param name="limits">Where a reason ends.</param>
    private sealed class Compiled(
        SafetyPolicy policy, CategoryCoverage[] coverage, GuardPrompt[] prompts, AnswerChoices choices, TextLimits limits) : CompiledProtocol
    {
        public override IReadOnlyList<CategoryCoverage> Coverage => coverage;

        public override IReadOnlyList<GuardPrompt> Prompts => prompts;

        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            double[] shares = await model.UseAsync(prompts[0], session => choices.AskAsync(session, cancellationToken), cancellationToken).ConfigureAwait(false);
            double[] scores = CategoryScores.Spread(1 - shares[0], shares.AsSpan(1));
            CategoryAnswer?[] categories = [.. scores.Select((score, i) => (CategoryAnswer?)new CategoryAnswer(score, shares[i + 1]))];
            int primary = CategoryScores.Primary(policy, categories, shares[0]);
            WrittenText? written = prompts.Length > 1 && primary >= 0
                ? await model.UseAsync(prompts[primary + 1], session => session.WriteAsync(limits, reason, cancellationToken), cancellationToken).ConfigureAwait(false)
                : null;
            return new GuardAnswer { Categories = categories, Safe = shares[0], Reason = written?.Text, Primary = primary };
        }
    }
}
