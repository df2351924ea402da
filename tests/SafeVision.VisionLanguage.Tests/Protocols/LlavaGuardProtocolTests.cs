using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class LlavaGuardProtocolTests
{
    private const string Rating = "{\n    \"rating\": \"";
    private const string Category = "\",\n    \"category\": \"";
    private const string Rationale = "\",\n    \"rationale\": \"";

    private static readonly TextTokenizer s_tokenizer = Tokenizer([]);

    [Fact]
    public void The_prompt_puts_the_policy_under_the_models_own_names()
    {
        CompiledProtocol compiled = Compile(Policy(("Self_Harm", "Self-harm", "cuts", "helplines")));
        Assert.Equal(
            """
            <|user|><image>
            Judge the image by the policy below and answer in JSON with three fields: 'rating', 'category' and 'rationale'.
            - rating: Unsafe if the image shows something that the policy says it should not, otherwise Safe.
            - category: the one category of the policy that matters most for the image; "NA: None applying" if none does.
            - rationale: what in the image, seen under the policy, led to rating and category.

            ### Policy
            O7: Self-Harm:
            Purpose: People in distress must not be shown or taught ways to hurt themselves, nor be encouraged to.
            Should not:
            - cuts
            Can:
            - helplines
            NA: None applying<|end|><|model|>
            """,
            Assert.Single(compiled.Prompts).Text);
    }

    [Fact]
    public void What_the_model_cannot_name_is_not_covered()
    {
        CompiledProtocol compiled = Compile(Policy(("Political", "Politics", "ballots", null), ("Sexual", "Sexual", "nudity", null), ("spam", "Spam", "adverts", null)));
        Assert.Equal([CoverageLevel.None, CoverageLevel.Full, CoverageLevel.None], compiled.Coverage.Select(coverage => coverage.Level));
        Assert.Equal(["adverts"], compiled.Coverage[2].Uncovered);
        Assert.DoesNotContain("ballots", compiled.Prompts[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_of_which_nothing_can_be_named_asks_nothing()
    {
        CompiledProtocol compiled = Compile(Policy(("spam", "Spam", "adverts", null)));
        GuardAnswer answer = await compiled.JudgeAsync(new BrokenGuard(double.NaN), null, TestContext.Current.CancellationToken);
        Assert.Null(Assert.Single(answer.Categories));
        Assert.Empty(compiled.Prompts);
    }

    [Fact]
    public async Task Rating_category_and_rationale_are_decided_in_order()
    {
        CompiledProtocol compiled = Compile(
            Policy(("Weapons_Substance_Abuse", "Weapons", "guns", null), ("spam", "Spam", "adverts", null), ("Violence_Harm_Cruelty", "Violence", "fights", null)), VisionLanguageMode.Comprehension);
        const string Weapons = Rating + "Unsafe" + Category + "O6: Weapons or Substance Abuse" + Rationale + "A \\\"gun\\\" on a table.\"\n}<|end|>";
        var guard = new ScriptedGuard(
            s_tokenizer,
            (Rating + "Safe" + Category + "NA: None applying" + Rationale + "Nothing.\"\n}<|end|>", 0.2),
            (Weapons, 0.4),
            (Rating + "Unsafe" + Category + "O2: Violence, Harm, or Cruelty" + Rationale + "A fight.\"\n}<|end|>", 0.2),
            (Rating + "Unsafe" + Category + "O9: Disasters or Emergencies" + Rationale + "A fire.\"\n}<|end|>", 0.2));
        GuardAnswer answer = await compiled.JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.2, answer.Safe!.Value, 12);
        Assert.Equal(0.8, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal(0.4, answer.Categories[0]!.Value.Probability, 12);
        Assert.Null(answer.Categories[1]);
        Assert.Equal(0.4, answer.Categories[2]!.Value.Score, 12);
        Assert.Equal(("A \"gun\" on a table.", 0), (answer.Reason, answer.Primary));
        Assert.Equal(Weapons[..^"\"\n}<|end|>".Length], Assert.Single(guard.Said));
    }

    [Fact]
    public async Task What_belongs_to_another_of_the_models_categories_is_no_harm_of_the_policy()
    {
        var guard = new ScriptedGuard(
            s_tokenizer,
            (Rating + "Unsafe" + Category + "O9: Disasters or Emergencies" + Rationale, 0.9),
            (Rating + "Unsafe" + Category + "O3: Sexual Content" + Rationale, 0.03),
            (Rating + "Unsafe" + Category + "O4: Nudity Content" + Rationale, 0.06),
            (Rating + "Safe" + Category + "NA: None applying" + Rationale, 0.01));
        GuardAnswer answer = await Compile(Policy(("Sexual", "Sexual", "nudity", null))).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.99 * 0.1, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal(0.09, answer.Categories[0]!.Value.Probability, 12);
    }

    private static CompiledProtocol Compile(SafetyPolicy policy, VisionLanguageMode mode = VisionLanguageMode.Fast) =>
        new LlavaGuardProtocol().Compile(Context(policy, s_tokenizer, PromptWording.Default("llavaguard"), mode));
}
