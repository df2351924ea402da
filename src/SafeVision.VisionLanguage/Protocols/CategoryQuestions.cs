namespace SafeVision.VisionLanguage.Protocols;

/// <summary>One question for each category, answered with yes or no: its score is the share of yes. The questions are
/// put one after the other; they share the image where it stands first, and the model keeps what it has computed of
/// it.</summary>
internal sealed class CategoryQuestions : CompiledProtocol
{
    private readonly SafetyPolicy _policy;
    private readonly GuardPrompt[] _questions;
    private readonly AnswerChoices _answers;
    private readonly int _yes; // how many of the answers, from the first on, mean yes
    private readonly int[] _toReason;
    private readonly TextLimits? _limits;

    /// <param name="context">What the protocol compiles from.</param>
    /// <param name="questions">One for each category of the policy.</param>
    /// <param name="coverage">What of each category the guard can judge.</param>
    /// <param name="yes">The tokens of each spelling of yes, the usual one first.</param>
    /// <param name="no">The tokens of each spelling of no.</param>
    /// <param name="limits">Where a reason ends; null where none is wanted.</param>
    public CategoryQuestions(
        ProtocolContext context, ProtocolPrompt[] questions, IReadOnlyList<CategoryCoverage> coverage, int[][] yes, int[][] no, TextLimits? limits)
    {
        (_policy, _questions, _limits, Coverage) = (context.Policy, [.. questions.Select(question => question.Tokens)], limits, coverage);
        (_yes, _toReason) = (yes.Length, yes[0]);
        _answers = AnswerChoices.Create(
            [.. yes.Select(ids => new PossibleAnswer("a spelling of yes", ids, questions[0].End)), .. no.Select(ids => new PossibleAnswer("a spelling of no", ids, questions[0].End))], context.Model);
        var prompts = new ProtocolPrompts(context);
        Array.ForEach(questions, question => prompts.RequireFit(question, _answers.LongestAnswer + (limits?.MaximumTokens ?? 0)));
    }

    public override IReadOnlyList<CategoryCoverage> Coverage { get; }

    public override IReadOnlyList<GuardPrompt> Prompts => _questions;

    public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
    {
        var categories = new CategoryAnswer?[_questions.Length];
        for (int i = 0; i < _questions.Length; i++)
        {
            IGenerationSession session = await model.OpenAsync(_questions[i], cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                double[] shares = await _answers.AskAsync(session, cancellationToken).ConfigureAwait(false);
                double yes = shares[.._yes].Max(), no = shares[_yes..].Max(), share = yes / (yes + no);
                categories[i] = new CategoryAnswer(share, share);
            }
        }

        int primary = CategoryScores.Primary(_policy, categories, safe: 0.5);
        string? written = _limits is not null && primary >= 0
            ? await ExplainAsync(model, primary, _limits, reason, cancellationToken).ConfigureAwait(false)
            : null;
        return new GuardAnswer { Categories = categories, Reason = written, Primary = primary };
    }

    private async ValueTask<string?> ExplainAsync(IGuardModel model, int category, TextLimits end, Action<string>? reason, CancellationToken cancellationToken)
    {
        IGenerationSession session = await model.OpenAsync(_questions[category], cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await session.AppendAsync(_toReason, cancellationToken).ConfigureAwait(false);
            return (await session.WriteAsync(end, reason, cancellationToken).ConfigureAwait(false)).Text;
        }
    }
}
