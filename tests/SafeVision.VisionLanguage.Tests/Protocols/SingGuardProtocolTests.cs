using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class SingGuardProtocolTests
{
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "safe", "unsafe");

    [Fact]
    public void The_policy_stands_in_the_guards_own_template()
    {
        CompiledProtocol compiled = Compile(VisionLanguageMode.Fast);
        Assert.Equal(
            """
            <|user|>user
            # Task
            Sort the conversation.

            ## Risk Categories
            ### A. Guns
              - firearms
              - Not of this category: water pistols
            ### B. Gambling
              - dice
            ### Safe
              - Everything that belongs to none of the categories above.

            ## Output Format
            Two lines.

            ## User Input
            <BEGIN CONVERSATION>
            [user]: <image>
            <END CONVERSATION><|end|>
            <|user|>assistant

            """,
            Assert.Single(compiled.Prompts).Text);
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));
    }

    [Fact]
    public async Task The_first_line_is_the_score_and_the_titles_share_it_out()
    {
        ScriptedGuard guard = new(s_tokenizer,
            ("safe\n<answer>Safe</answer><|end|>", 0.3), ("unsafe\n<answer>A. Guns</answer><|end|>", 0.5),
            ("unsafe\n<answer>A. Guns\nB. Gambling</answer><|end|>", 0.1), ("unsafe\n<answer>B. Gambling</answer><|end|>", 0.1));
        GuardAnswer answer = await JudgeAsync(Compile(VisionLanguageMode.Fast), guard);
        Assert.Equal(0.3, answer.Safe!.Value, 12);
        Assert.Equal([0.7, 0.7 / 6], answer.Categories.Select(category => category!.Value.Score), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.False(answer.IsAfterThought);
    }

    [Fact]
    public async Task What_looks_harmless_is_not_thought_about()
    {
        ScriptedGuard guard = new(s_tokenizer, ("safe\n<answer>Safe</answer><|end|>", 0.97), ("unsafe\n<answer>A. Guns</answer><|end|>", 0.03));
        GuardAnswer answer = await JudgeAsync(Compile(VisionLanguageMode.Comprehension), guard);
        Assert.Equal((0.97, null, -1), (Math.Round(answer.Safe!.Value, 12), answer.Reason, answer.Primary));
        Assert.Single(guard.Asked);
    }

    [Theory]
    [InlineData(0.8, 0)]
    [InlineData(0.02, -1)]
    public async Task The_answer_after_a_thought_counts_and_the_thought_is_the_reason(double guns, int primary)
    {
        ScriptedGuard guard = new(s_tokenizer, prompt => prompt.Text.Contains("Three steps", StringComparison.Ordinal)
            ? [(PromptText.Trusted("unsafe\n[Step 1] A gun < a toy.\n<answer>A. Guns</answer><|end|>"), guns), (PromptText.Trusted("unsafe\n[Step 1] A gun < a toy.\n<answer>Safe</answer><|end|>"), 1 - guns)]
            : [(PromptText.Trusted("unsafe\n<answer>A. Guns</answer><|end|>"), 0.6), (PromptText.Trusted("safe\n<answer>Safe</answer><|end|>"), 0.4)]);
        var told = new List<string>();
        GuardAnswer answer = await Compile(VisionLanguageMode.Comprehension).JudgeAsync(guard, told.Add, TestContext.Current.CancellationToken);
        Assert.Equal(1 - guns, answer.Safe!.Value, 12);
        Assert.Equal(guns, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal((primary, primary < 0 ? null : "[Step 1] A gun < a toy.\n", true), (answer.Primary, answer.Reason, answer.IsAfterThought));
        Assert.Equal("[Step 1] A gun < a toy.\n", string.Concat(told));
        Assert.True(guard.IsIdle);
    }

    [Theory]
    [InlineData("unsafe\nI go on and on and on without an end.<|end|>", "cut off after 20 tokens")]
    [InlineData("unsafe\nNo mark.<|end|>", "ended its answer without '<answer>'")]
    public async Task A_thought_without_its_mark_is_an_error_and_never_safe(string thought, string problem)
    {
        CompiledProtocol compiled = new SingGuardProtocol().Compile(
            Context(GunsAndGambling, s_tokenizer, Wording("singguard", thoughtTokens: 20, "{ thinking_type: slow }"), VisionLanguageMode.Comprehension));
        ModelOutputException exception = await Assert.ThrowsAsync<ModelOutputException>(async () => await JudgeAsync(compiled, new ScriptedGuard(s_tokenizer, (thought, 1))));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_does_not_read_the_policy_and_an_unknown_way_to_think_are_refused()
    {
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() =>
            new SingGuardProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("singguard"), conversation: OfGuard("none"))));
        Assert.Contains("does not read the variable 'policy'", exception.Message, StringComparison.Ordinal);
        exception = Assert.Throws<ModelLoadException>(() => new SingGuardProtocol().Compile(
            Context(GunsAndGambling, s_tokenizer, Wording("singguard", variables: "{ thinking_type: deep }"), VisionLanguageMode.Comprehension)));
        Assert.Contains("'thinking_type' is 'deep'", exception.Message, StringComparison.Ordinal);
    }

    private static ValueTask<GuardAnswer> JudgeAsync(CompiledProtocol compiled, ScriptedGuard guard) => compiled.JudgeAsync(guard, null, TestContext.Current.CancellationToken);

    private static CompiledProtocol Compile(VisionLanguageMode mode) =>
        new SingGuardProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("singguard"), mode));
}
