using SafeVision.Assessments;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class ShieldstralProtocolTests
{
    private static readonly TextTokenizer s_tokenizer = Tokenizer([], "yes", "Yes", "no", "No");

    [Fact]
    public void Each_category_is_a_query_behind_one_image()
    {
        CompiledProtocol compiled = Compile();
        Assert.Equal(2, compiled.Prompts.Count);
        Assert.Equal(
            """
            <|user|><image>
            <Instruct>: Moderate images by the policy "Guns".

            The policy allows: water pistols.

            <Query>: Does the image show any of this: firearms?

            <Document>: <|end|><|model|>
            """, compiled.Prompts[0].Text[compiled.Prompts[0].Text.IndexOf("<|user|>", StringComparison.Ordinal)..]);
        Assert.Equal(compiled.Prompts[0].Before, compiled.Prompts[1].Before);
    }

    [Theory]
    [InlineData("{{ 'S:' ~ messages[0].content ~ ';' if messages[0].role == 'system' }}<image>", "S:Decide whether")]
    [InlineData("{{ 'S:' ~ (messages[0].content if messages[0].role == 'system' else 'Judge as you were trained.') ~ ';' }}<image>", "S:Judge as you were trained.;")]
    public void A_system_sentence_of_the_checkpoint_goes_before_our_own(string template, string start)
    {
        const string Turn = "{% for part in messages[-1].content %}{{ part.text if part.type == 'text' }}{% endfor %}<|end|>";
        CompiledProtocol compiled = new ShieldstralProtocol().Compile(Context(
            GunsAndGambling, s_tokenizer, PromptWording.Default("shieldstral"), conversation: OfTemplate(template + Turn, "<image>")));
        Assert.StartsWith(start, compiled.Prompts[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shieldstral", "Judge as you were trained.")]
    [InlineData("instruct", null)]
    public void A_system_sentence_in_a_file_of_the_checkpoint_is_this_guards_own(string protocol, string? system)
    {
        using TemporaryFolder folder = new();
        folder.Write("SYSTEM_PROMPT.txt", "Judge as you were trained.\n");
        ProtocolContext context = Context(GunsAndGambling, s_tokenizer, PromptWording.Default(protocol));
        Assert.Equal(system, GuardProtocols.Choose(ModelConfiguration.Open(folder.Path), s_tokenizer, context.Profile, protocol).Wording.System?.Text);
    }

    [Fact]
    public async Task Each_score_is_the_share_of_yes_by_the_likeliest_spelling_of_each_word()
    {
        ScriptedGuard guard = new(s_tokenizer, ("yes<|end|>", 0.2), ("Yes<|end|>", 0.3), ("no<|end|>", 0.1), ("No<|end|>", 0.05), ("Hm", 0.35));
        GuardAnswer answer = await Compile().JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.All(answer.Categories, category => Assert.Equal(0.75, category!.Value.Score, 12));
        Assert.Equal((null, null), (answer.Safe, answer.Reason));
    }

    [Fact]
    public void What_the_policy_allows_is_covered_in_part()
    {
        IReadOnlyList<CategoryCoverage> coverage = Compile().Coverage;
        Assert.Equal([CoverageLevel.Partial, CoverageLevel.Full], coverage.Select(category => category.Level));
        Assert.Equal("water pistols", Assert.Single(coverage[0].CannotBeExcluded).Phrase);
    }

    private static CompiledProtocol Compile() =>
        new ShieldstralProtocol().Compile(Context(GunsAndGambling, s_tokenizer, PromptWording.Default("shieldstral"), VisionLanguageMode.Comprehension));
}
