using SafeVision.Assessments;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests.Protocols;

/// <summary>Every protocol on tiny models with random weights: what they say means nothing, but it must be said by the rules.</summary>
public sealed class ProtocolsOnModelsTests : IDisposable
{
    private readonly SessionCache _sessions = new();

    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("two", "1")
        .Category("Sexual", category => category.Includes("nudity").ReviewAt(1e-9))
        .Category("Weapons_Substance_Abuse", category => category.Includes("guns").ReviewAt(1e-9))
        .Build();

    private static readonly SafetyPolicy s_novel = s_policy.With(SafetyCategory.Define("teapots", category => category.Includes("pots").ReviewAt(1e-9)));

    public static TheoryData<string, string, VisionLanguageMode> Every { get; } = new(
        from model in (string[])["llama", "qwen2"]
        from protocol in GuardProtocols.Names
        where protocol != "nano" // which is for a model of a closed vocabulary, and is tested with it
        from mode in (VisionLanguageMode[])[VisionLanguageMode.Fast, VisionLanguageMode.Comprehension]
        select (model, protocol, mode));

    [Theory]
    [MemberData(nameof(Every))]
    public async Task A_picture_is_judged_by_the_rules_and_again_the_same(string model, string protocol, VisionLanguageMode mode)
    {
        using VisionLanguageModel loaded = await LoadAsync(model);
        using DecodedImage picture = await DecodeAsync();
        foreach (SafetyPolicy policy in (SafetyPolicy[])[s_policy, s_novel])
        {
            CompiledProtocol compiled = GuardProtocols.Find(protocol, "test").Compile(
                new ProtocolContext(policy, mode, model, loaded.Profile with { Conversation = Conversation(protocol, loaded.Profile) }, loaded.Tokenizer, Wording(protocol)));
            var told = new List<string>();
            if (compiled.Thinks)
            {
                // Random weights never write the mark at which a thought ends, or a verdict: nothing may be concluded from them.
                ModelOutputException exception = await Assert.ThrowsAsync<ModelOutputException>(async () => await JudgeAsync(compiled, loaded, picture, told.Add));
                Assert.Contains("nothing can be concluded", exception.Message, StringComparison.Ordinal);
                continue;
            }

            GuardAnswer first = await JudgeAsync(compiled, loaded, picture, told.Add), second = await JudgeAsync(compiled, loaded, picture, null);

            Assert.Equal(policy.Categories.Count, first.Categories.Count);
            Assert.Equal(compiled.Coverage.Select(coverage => coverage.Level == CoverageLevel.None), first.Categories.Select(category => category is null));
            CategoryAnswer[] answers = [.. first.Categories.OfType<CategoryAnswer>()];
            Assert.All(answers, answer => Assert.InRange(answer.Score, 0, 1));
            Assert.True(first.Safe is not { } safe || Math.Abs(answers.Max(answer => answer.Score) - (1 - safe)) < 1e-9 || protocol == "llavaguard");
            Assert.True(first.Primary >= 0 || protocol == "llavaguard"); // it may hold none of the policy's categories for possible
            Assert.Equal(mode == VisionLanguageMode.Comprehension && protocol is not ("llamaguard" or "shieldstral") && first.Primary >= 0, first.Reason is not null);
            Assert.True(first.Reason is null || first.Reason.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length <= 60);
            Assert.Equal(first.Reason, second.Reason);
            Assert.Equal(answers.Select(answer => answer.Score), second.Categories.OfType<CategoryAnswer>().Select(answer => answer.Score), (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    [Fact]
    public async Task Questions_about_one_image_look_at_it_once()
    {
        using VisionLanguageModel loaded = await LoadAsync("llama");
        using DecodedImage picture = await DecodeAsync();
        CompiledProtocol compiled = GuardProtocols.Find("shieldstral", "test").Compile(
            new ProtocolContext(s_novel, VisionLanguageMode.Fast, "llama", loaded.Profile, loaded.Tokenizer, PromptWording.Default("shieldstral")));
        var count = new TokenCount();
        var image = new PromptImage(loaded, picture.Frames[0]);
        await compiled.JudgeAsync(new GuardModel(loaded, image, count), null, TestContext.Current.CancellationToken);
        Assert.True(count.Usage.Reused > 2 * image.Plan.Tokens, $"{count.Usage}"); // by the second and the third question
    }

    [Theory]
    [InlineData("safeguard")]
    [InlineData("guardreasoner")]
    public async Task A_thought_that_is_cut_off_gets_what_the_policy_says_of_failures_and_is_never_allowed(string protocol)
    {
        using TemporaryFolder folder = new TemporaryFolder().Copy(GoldenText.Folder("llama"));
        folder.Write("safevision-prompt.yaml", $"protocol: {protocol}\nmaximumThoughtTokens: 16\n");
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseVisionLanguageModel(folder.Path));
        GuardrailResult result = await guardrail.CheckAsync(
            ImageSource.FromFile(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", "preprocess", "images", "text-1200x200.png")), TestContext.Current.CancellationToken);
        Assert.NotNull(result.Failure);
        Assert.NotEqual(Decision.Allow, result.Decision);
    }

    public void Dispose() => _sessions.Dispose();

    private static ConversationTemplate Conversation(string protocol, VisionLanguageProfile profile) =>
        protocol is "singguard" or "nemotron" ? ProtocolBench.OfGuard(protocol, profile.ImageMark) : profile.Conversation;

    private static PromptWording Wording(string protocol) => ProtocolBench.Wording(protocol, thoughtTokens: 24);

    private Task<VisionLanguageModel> LoadAsync(string model) => VisionLanguageModel.LoadAsync(
        GoldenText.Folder(model), new VisionLanguageModelOptions(), _sessions, new ExecutionOptions(), TestContext.Current.CancellationToken);

    private static ValueTask<DecodedImage> DecodeAsync() => new SkiaImageDecoder().DecodeAsync(
        ImageSource.FromFile(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", "preprocess", "images", "text-1200x200.png")),
        new ImageDecodeOptions(),
        TestContext.Current.CancellationToken);

    private static ValueTask<GuardAnswer> JudgeAsync(CompiledProtocol compiled, VisionLanguageModel model, DecodedImage picture, Action<string>? reason) =>
        compiled.JudgeAsync(new GuardModel(model, new PromptImage(model, picture.Frames[0]), new TokenCount()), reason, TestContext.Current.CancellationToken);
}
