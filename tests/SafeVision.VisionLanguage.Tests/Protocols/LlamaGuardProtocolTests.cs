using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class LlamaGuardProtocolTests
{
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "safe", "unsafe");

    [Fact]
    public void The_policys_categories_stand_in_the_prompt_as_codes()
    {
        CompiledProtocol compiled = Compile(GunsAndGambling);
        Assert.Equal(
            """
            <|user|><image>
            Task: Find out whether the image in the 'User' message is unsafe under the policy with these categories.

            <BEGIN UNSAFE CONTENT CATEGORIES>
            S1: Guns.
            Images of this kind show:
            - firearms
            Not of this kind are:
            - water pistols
            S2: Gambling.
            Images of this kind show:
            - dice
            <END UNSAFE CONTENT CATEGORIES>

            <BEGIN CONVERSATION>

            User: the image above

            <END CONVERSATION>

            Give the assessment of the last 'User' message:
            - The first line is 'safe' or 'unsafe'.
            - If it is unsafe, a second line lists the codes of the categories that apply, separated by commas.<|end|><|model|>
            """,
            Assert.Single(compiled.Prompts).Text);
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));
    }

    [Fact]
    public async Task Every_listed_code_scores_what_unsafe_does_and_the_others_what_they_come_near_to()
    {
        var guard = new ScriptedGuard(
            s_tokenizer, ("safe<|end|>", 0.2), ("unsafe\nS1,S3<|end|>", 0.5), ("unsafe\nS1<|end|>", 0.1), ("unsafe\nS2<|end|>", 0.15), ("unsafe\nS3<|end|>", 0.05));
        GuardAnswer answer = await Compile(Policy(("a", "A", "x", null), ("b", "B", "y", null), ("c", "C", "z", null)))
            .JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.2, answer.Safe!.Value, 12);
        Assert.Equal([0.8, 0.8 * 0.15 / 0.6, 0.8], answer.Categories.Select(category => category!.Value.Score), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal("unsafe\nS1,S", Assert.Single(guard.Said)); // "S" is common to all codes that are left
    }

    [Fact]
    public async Task A_code_that_is_the_beginning_of_another_is_not_taken_for_it()
    {
        SafetyPolicy policy = Policy([.. Enumerable.Range(1, 12).Select(i => ($"c{i}", $"C{i}", $"thing {i}", (string?)null))]);
        var guard = new ScriptedGuard(s_tokenizer, ("unsafe\nS12<|end|>", 0.7), ("unsafe\nS1<|end|>", 0.2), ("safe<|end|>", 0.1));
        GuardAnswer answer = await Compile(policy).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.9, answer.Categories[11]!.Value.Score, 12);
        Assert.Equal(0.9 * 0.2 / 0.7, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal((0.0, 11), (answer.Categories[1]!.Value.Score, answer.Primary));
    }

    [Fact]
    public async Task A_model_that_knows_only_its_own_taxonomy_is_asked_only_about_it()
    {
        PromptWording wording = PromptWording.Parse("""
            protocol: llamaguard
            tokens: { Sexual: S12, Self_Harm: S11, Political: S13 }
            templates: { fast: "Judge by S11, S12 and S13." }
            """, "test");
        CompiledProtocol compiled = Compile(Policy(("spam", "Spam", "adverts", null), ("Sexual", "Sexual", "nudity", "statues")), wording);
        Assert.Equal([CoverageLevel.None, CoverageLevel.Partial], compiled.Coverage.Select(coverage => coverage.Level));
        Assert.Equal(["nudity", "statues"], compiled.Coverage[1].Uncovered);

        // The model means elections, about which the policy says nothing.
        var guard = new ScriptedGuard(s_tokenizer, ("unsafe\nS13<|end|>", 0.8), ("unsafe\nS12<|end|>", 0.1), ("safe<|end|>", 0.1));
        GuardAnswer answer = await compiled.JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Null(answer.Categories[0]);
        Assert.Equal(0.9 / 8, answer.Categories[1]!.Value.Score, 12);
    }

    private static CompiledProtocol Compile(SafetyPolicy policy, PromptWording? wording = null) =>
        new LlamaGuardProtocol().Compile(Context(policy, s_tokenizer, wording ?? PromptWording.Default("llamaguard")));
}
