using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

/// <summary>The guards that reason before they judge: SafeGuard-VL and GuardReasoner-VL.</summary>
public sealed class ReasoningGuardsTests
{
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "Ġharmful", "Ġunharmful", "Safe", "Unsafe");

    [Fact]
    public async Task GuardReasoner_judges_after_its_result_tag_and_says_what_it_was_not_asked()
    {
        SafetyPolicy policy = Policy(("Sexual", "Sexual", "nudity", null), ("kettles", "Kettles", "kettles", null));
        CompiledProtocol compiled = new GuardReasonerProtocol().Compile(Context(policy, s_tokenizer, PromptWording.Default("guardreasoner"), VisionLanguageMode.Comprehension));
        Assert.Equal([CoverageLevel.Partial, CoverageLevel.None], compiled.Coverage.Select(coverage => coverage.Level));
        Assert.Contains("nudity", compiled.Coverage[0].Uncovered);

        ScriptedGuard guard = new(s_tokenizer,
            ("<think>\nBare skin. Result: none.</think>\n<result>\nRequest: harmful\nResponse: None</result><|end|>", 0.7),
            ("<think>\nBare skin. Result: none.</think>\n<result>\nRequest: unharmful\nResponse: None</result><|end|>", 0.3));
        GuardAnswer answer = await compiled.JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal((0.7, 0.3), (Math.Round(answer.Categories[0]!.Value.Score, 12), Math.Round(answer.Safe!.Value, 12)));
        Assert.Null(answer.Categories[1]);
        Assert.Equal(("Bare skin. Result: none.", true), (answer.Reason, answer.IsAfterThought));
    }

    [Theory]
    [InlineData("Dice, not a safe thing. Final judgment: Unsafe", "Dice, not a safe thing. Final judgment: Safe", 0.8)]
    [InlineData("It isn't unsafe to look. So it is not safe.", "It isn't unsafe to look. So it is not unsafe.", 0.8)]
    [InlineData("The image isn't safe", "The image isn't unsafe", 0.8)]
    [InlineData("It is not **safe**", "It is not **unsafe**", 0.8)]
    [InlineData("It does not break the policy and is unsafe", "It does not break the policy and is safe", 0.8)]
    public async Task The_last_verdict_of_SafeGuard_counts_against_the_other_word_at_its_place(string harmful, string harmless, double share)
    {
        ScriptedGuard guard = new(s_tokenizer, (harmful + "<|end|>", share), (harmless + "<|end|>", 1 - share));
        GuardAnswer answer = await SafeGuard(VisionLanguageMode.Comprehension, Policy(("bets", "Gambling", "dice", null))).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(share, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal((harmful, true), (answer.Reason, answer.IsAfterThought));
        Assert.True(guard.IsIdle);
    }

    [Theory]
    [InlineData("I can't say.<|end|>", "without a plain 'safe' or 'unsafe'")]
    [InlineData("It can't be called safe.<|end|>", "without a plain 'safe' or 'unsafe'")]
    [InlineData("I would not call it safe<|end|>", "without a plain 'safe' or 'unsafe'")]
    [InlineData("It is safe, I would say, and I go on and on until nobody listens any more.<|end|>", "cut off after 30 tokens")]
    public async Task Reasoning_without_a_verdict_or_without_an_end_is_an_error_and_never_safe(string said, string problem)
    {
        CompiledProtocol compiled = SafeGuard(VisionLanguageMode.Fast, Policy(("bets", "Gambling", "dice", null)), 30);
        ModelOutputException exception = await Assert.ThrowsAsync<ModelOutputException>(async () =>
            await compiled.JudgeAsync(new ScriptedGuard(s_tokenizer, (said, 1)), null, TestContext.Current.CancellationToken));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SafeGuard_is_asked_about_one_category_at_a_time()
    {
        ScriptedGuard guard = new(s_tokenizer, prompt => prompt.Text.Contains("Guns", StringComparison.Ordinal)
            ? [(PromptText.Trusted("No gun. Safe<|end|>"), 1)] : [(PromptText.Trusted("Dice. Unsafe<|end|>"), 1)]);
        GuardAnswer answer = await SafeGuard(VisionLanguageMode.Fast, Policy(("arms", "Guns", "firearms", null), ("bets", "Gambling", "dice", null)))
            .JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal([0, 1], answer.Categories.Select(category => category!.Value.Score));
        Assert.Equal((1, null), (answer.Primary, answer.Reason));
    }

    private static CompiledProtocol SafeGuard(VisionLanguageMode mode, SafetyPolicy policy, int tokens = 512) =>
        new SafeGuardProtocol().Compile(Context(policy, s_tokenizer, Wording("safeguard", tokens), mode));
}
