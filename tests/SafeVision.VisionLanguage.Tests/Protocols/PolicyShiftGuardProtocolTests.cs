using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class PolicyShiftGuardProtocolTests
{
    // " 0" is one token, so a category's number joins the space before it.
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "true", "false", "Ġ|", "Ġ0");

    [Fact]
    public void The_policys_categories_stand_in_numbered_blocks()
    {
        string prompt = Assert.Single(Compile(VisionLanguageMode.Fast).Prompts).Text;
        Assert.Contains(
            """
            **POLICIES:**

            --------------------------------------------------------------------------------
            [Category ID]: 01    [Category Name]: Guns
            -- Policy: Guns
            Not allowed: firearms.
            Allowed: water pistols.
            --------------------------------------------------------------------------------

            --------------------------------------------------------------------------------
            [Category ID]: 02    [Category Name]: Gambling
            -- Policy: Gambling
            Not allowed: dice.
            --------------------------------------------------------------------------------

            Does
            """, prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_token_is_the_score_and_the_number_shares_it_out()
    {
        ScriptedGuard guard = new(s_tokenizer, ("false<|end|>", 0.2), ("true | 01<|end|>", 0.2), ("true | 02<|end|>", 0.6));
        GuardAnswer answer = await JudgeAsync(VisionLanguageMode.Fast, guard);
        Assert.Equal(0.2, answer.Safe!.Value, 12);
        Assert.Equal([0.8 / 3, 0.8], answer.Categories.Select(category => category!.Value.Score), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Null(answer.Reason);
    }

    [Fact]
    public async Task The_reason_stands_behind_the_number()
    {
        ScriptedGuard guard = new(s_tokenizer, ("false | A table.<|end|>", 0.2), ("true | 01 | A gun.<|end|>", 0.1), ("true | 02 | Two dice on it.<|end|>", 0.7));
        GuardAnswer answer = await JudgeAsync(VisionLanguageMode.Comprehension, guard);
        Assert.Equal(("Two dice on it.", 1), (answer.Reason!.Trim(), answer.Primary));
    }

    private static ValueTask<GuardAnswer> JudgeAsync(VisionLanguageMode mode, ScriptedGuard guard) => Compile(mode).JudgeAsync(guard, null, TestContext.Current.CancellationToken);

    private static CompiledProtocol Compile(VisionLanguageMode mode) =>
        new PolicyShiftGuardProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("policyshiftguard"), mode));
}
