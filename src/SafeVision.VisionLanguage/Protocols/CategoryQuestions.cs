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

    /// <param name="questions">One for each category of the policy.</param>
    /// <param name="yes">The tokens of each spelling of yes, the usual one first.</param>
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
            double[] shares = await model.UseAsync(_questions[i], session => _answers.AskAsync(session, cancellationToken), cancellationToken).ConfigureAwait(false);
            double yes = shares[.._yes].Max(), no = shares[_yes..].Max(), share = yes / (yes + no);
            categories[i] = new CategoryAnswer(share, share);
        }

        int primary = CategoryScores.Primary(_policy, categories, safe: 0.5);
        string? written = _limits is null || primary < 0 ? null : await model.UseAsync(
            _questions[primary],
            async session =>
            {
                await session.AppendAsync(_toReason, cancellationToken).ConfigureAwait(false);
                return (await session.WriteAsync(_limits, reason, cancellationToken).ConfigureAwait(false)).Text;
            },
            cancellationToken).ConfigureAwait(false);
        return new GuardAnswer { Categories = categories, Reason = written, Primary = primary };
    }
}
