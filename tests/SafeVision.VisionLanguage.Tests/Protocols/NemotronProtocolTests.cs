using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class NemotronProtocolTests
{
    // A tokenizer that joins a space with the word after it: texts must be tokenised together.
    private static readonly TextTokenizer s_tokenizer = Tokenizer(["</think>"], "Ġsafe", "Ġunsafe", "ĠGuns");

    [Theory]
    [InlineData("nemotron", "<|user|>user\nSort it.\n")]
    [InlineData("another", "<|user|><image>\n")]
    public void The_policy_stands_in_the_templates_variable_or_else_in_the_turn(string template, string before)
    {
        CompiledProtocol compiled = Compile(VisionLanguageMode.Fast, template);
        Assert.StartsWith(
            before + """
            Judge the image by this policy alone and by no other rule.

            ### Policy
            Name: Guns
            Disallowed Behaviors:
            - firearms
            Allowed Behaviors:
            - water pistols

            ### Policy
            Name: Gambling
            Disallowed Behaviors:
            - dice
            """, Assert.Single(compiled.Prompts).Text, StringComparison.Ordinal);
        Assert.Equal(template == "nemotron", compiled.Prompts[0].Text.Contains("/categories /no_think", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Verdict_and_names_are_decided_in_order()
    {
        ScriptedGuard guard = new(s_tokenizer,
            ("User Safety: safe<|end|>", 0.2), ("User Safety: unsafe\nSafety Categories: Guns<|end|>", 0.5), ("User Safety: unsafe\nSafety Categories: Guns, Gambling<|end|>", 0.3));
        GuardAnswer answer = await Compile(VisionLanguageMode.Fast).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.2, answer.Safe!.Value, 12);
        Assert.Equal([0.8, 0], answer.Categories.Select(category => category!.Value.Score), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public async Task A_thought_ends_at_its_tag_and_the_verdict_after_it_counts()
    {
        ScriptedGuard guard = new(s_tokenizer, prompt => prompt.Text.Contains("/no_think", StringComparison.Ordinal)
            ? [(PromptText.Trusted("User Safety: unsafe\nSafety Categories: Guns<|end|>"), 1)]
            : [(PromptText.Trusted("<think>\nDice on a table.</think>\n\nUser Safety: unsafe\nSafety Categories: Gambling<|end|>"), 0.9),
                (PromptText.Trusted("<think>\nDice on a table.</think>\n\nUser Safety: safe<|end|>"), 0.1)]);
        GuardAnswer answer = await Compile(VisionLanguageMode.Comprehension).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal([0, 0.9], answer.Categories.Select(category => category!.Value.Score), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal((1, "Dice on a table.", true), (answer.Primary, answer.Reason, answer.IsAfterThought));
    }

    private static CompiledProtocol Compile(VisionLanguageMode mode, string template = "nemotron") =>
        new NemotronProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("nemotron"), mode, conversation: OfGuard(template)));
}
