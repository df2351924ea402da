using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// ShieldGemma 2 (arXiv 2504.01081): one question for each category, "does the image break this policy?", answered with Yes or
/// No. The score is the softmax over the two logits, as its model card computes it; every category has its own. The checkpoint's
/// own template holds the question and takes the policy alone; other models are asked in words of our own.
/// </summary>
internal sealed class ShieldGemmaProtocol : IGuardProtocol
{
    private const string PolicyMark = "SAFETY_POLICY>";

    // Its training had three policies: sexual content, violence, and what helps to do harm. The last is part of several categories here.
    private static readonly HashSet<string> s_trained = new([HarmCategory.Sexual.Id, HarmCategory.Violence_Harm_Cruelty.Id], StringComparer.OrdinalIgnoreCase);

    public string Name => "shieldgemma";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        var prompts = new ProtocolPrompts(context);
        TextLimits? limits = context.Mode == VisionLanguageMode.Comprehension ? prompts.ReasonLimits : null;
        (int[] yes, int[] no) = context.Profile.YesNo is { } ids ? ([ids.Yes], [ids.No]) : (context.Tokenizer.Encode("Yes"), context.Tokenizer.Encode("No"));
        SafetyPolicy policy = context.Policy;
        bool asksItself = context.Wording.Has("policy") && context.Profile.Conversation
            .Render(null, [ConversationPart.Image, new ConversationPart(PromptText.Trusted("?"))]).Text.Contains(PolicyMark, StringComparison.Ordinal);
        ProtocolPrompt[] questions = [.. policy.Categories.Select((category, i) => prompts.Write(
            asksItself ? "policy" : "fast", [new ProtocolCategory(i, category, PromptText.Untrusted(category.Name))], PromptText.Trusted("No"), PromptText.Empty))];
        var choices = AnswerChoices.Create(
            [new PossibleAnswer("the answer 'Yes'", yes, questions[0].End), new PossibleAnswer("the answer 'No'", no, questions[0].End)], context.Model);
        foreach (ProtocolPrompt question in questions)
        {
            prompts.RequireFit(question, choices.LongestAnswer + (limits?.MaximumTokens ?? 0));
        }

        CategoryCoverage[] coverage = [.. policy.Categories.Select((category, i) => questions[i].Coverage.Of(category, "Yes"))];
        coverage = asksItself ? [.. coverage.Select(AsTrained)] : coverage;
        return new Compiled(policy, coverage, [.. questions.Select(question => question.Tokens)], choices, yes, limits);
    }

    /// <summary>What the model reads is less than what it was trained on: other policies than its three, and exceptions, are judged in part.</summary>
    private static CategoryCoverage AsTrained(CategoryCoverage read) => read with
    {
        Level = s_trained.Contains(read.CategoryId) ? read.Level : CoverageLevel.Partial,
        Phrases = [.. read.Phrases.Select(phrase => phrase.Role == PhraseRole.Exclude ? phrase with { Level = CoverageLevel.Partial, NotJudged = phrase.Phrase } : phrase)],
    };

    /// <param name="policy">The policy.</param>
    /// <param name="coverage">What of each category stands in its question.</param>
    /// <param name="questions">One for each category.</param>
    /// <param name="choices">Yes, then No.</param>
    /// <param name="yes">What stands before the reason.</param>
    /// <param name="limits">Where a reason ends; null where none is wanted.</param>
    private sealed class Compiled(
        SafetyPolicy policy, CategoryCoverage[] coverage, GuardPrompt[] questions, AnswerChoices choices, int[] yes, TextLimits? limits) : CompiledProtocol
    {
        public override IReadOnlyList<CategoryCoverage> Coverage => coverage;

        public override IReadOnlyList<GuardPrompt> Prompts => questions;

        /// <remarks>The questions are put one after the other: they share the image, and the model keeps what it has computed of it.</remarks>
        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            var categories = new CategoryAnswer?[questions.Length];
            for (int i = 0; i < questions.Length; i++)
            {
                IGenerationSession session = await model.OpenAsync(questions[i], cancellationToken).ConfigureAwait(false);
                await using (session.ConfigureAwait(false))
                {
                    double[] shares = await choices.AskAsync(session, cancellationToken).ConfigureAwait(false);
                    categories[i] = new CategoryAnswer(shares[0], shares[0]);
                }
            }

            int primary = CategoryScores.Primary(policy, categories, safe: 0.5);
            string? written = limits is not null && primary >= 0
                ? await ExplainAsync(model, primary, limits, reason, cancellationToken).ConfigureAwait(false)
                : null;
            return new GuardAnswer { Categories = categories, Reason = written, Primary = primary };
        }

        private async ValueTask<string?> ExplainAsync(IGuardModel model, int category, TextLimits end, Action<string>? reason, CancellationToken cancellationToken)
        {
            IGenerationSession session = await model.OpenAsync(questions[category], cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                await session.AppendAsync(yes, cancellationToken).ConfigureAwait(false);
                return await session.WriteAsync(end, reason, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
