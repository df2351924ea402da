using SafeVision.Assessments;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class ShieldGemmaProtocolTests
{
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "Yes", "No");

    [Fact]
    public void Each_category_has_a_question_of_its_own()
    {
        CompiledProtocol compiled = Compile(VisionLanguageMode.Fast);
        Assert.Equal(2, compiled.Prompts.Count);
        Assert.Equal(
            """
            <|user|><image>
            You know safety policies well and decide whether an image, drawn or photographed, breaks the one below. Go by its words alone and read nothing into them.

            <BEGIN_SAFETY_POLICY>
            "Guns": the image shall not show any of these:
            - firearms
            These are allowed:
            - water pistols
            </END_SAFETY_POLICY>

            Does the image break this policy? Begin the answer with 'Yes' or 'No'.<|end|><|model|>
            """,
            compiled.Prompts[0].Text);
        Assert.DoesNotContain("Guns", compiled.Prompts[1].Text, StringComparison.Ordinal);
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));
    }

    [Fact]
    public async Task Each_score_is_the_softmax_of_yes_and_no()
    {
        GuardAnswer answer = await Compile(VisionLanguageMode.Fast).JudgeAsync(Guard(), null, TestContext.Current.CancellationToken);
        Assert.Equal(0.25, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal(0.75, answer.Categories[1]!.Value.Score, 12);
        Assert.Equal((null, null, 1), (answer.Safe, answer.Reason, answer.Primary));
    }

    [Fact]
    public async Task The_reason_goes_on_after_yes_to_the_likeliest_category()
    {
        ScriptedGuard guard = Guard();
        GuardAnswer answer = await Compile(VisionLanguageMode.Comprehension).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(" because of the dice.", answer.Reason);
        Assert.Equal(["", "", "Yes because of the dice."], guard.Said);
        Assert.True(guard.IsIdle);
    }

    private static ScriptedGuard Guard() => new(s_tokenizer, prompt => prompt.Text.Contains("Guns", StringComparison.Ordinal)
        ? [(PromptText.Trusted("Yes, guns"), 0.2), (PromptText.Trusted("No<|end|>"), 0.6), (PromptText.Trusted("Hm"), 0.2)]
        : [(PromptText.Trusted("Yes because of the dice.<|end|>"), 0.6), (PromptText.Trusted("No"), 0.2), (PromptText.Trusted("Hm"), 0.2)]);

    private static CompiledProtocol Compile(VisionLanguageMode mode) =>
        new ShieldGemmaProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("shieldgemma"), mode));
}
