using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests;

public sealed class FirstLookTests : IDisposable
{
    private readonly SessionCache _sessions = new();

    [Theory]
    [InlineData(true, 0.2, 0.15, null)]
    [InlineData(false, 0.21, 0.0, null)]
    [InlineData(true, 0.3, 0.9, 0.3)]
    [InlineData(false, 0.3, 0.89, 0.3)]
    [InlineData(false, null, null, null)]
    public void Only_what_is_far_from_the_thresholds_is_settled(bool settled, double? first, double? second, double? third)
    {
        SafetyPolicy policy = Policy(0.4, 0.8);
        var answer = new GuardAnswer { Categories = [.. new[] { first, second, third }.Select(score => score is { } given ? (CategoryAnswer?)new CategoryAnswer(given, given) : null)] };
        Assert.Equal(settled, FirstLook.Settles(policy, answer));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public async Task All_tiles_follow_only_where_a_first_look_leaves_it_open(string model)
    {
        // Above half a score settles the one policy and leaves the other open; below it is the other way round.
        FrameAssessment[] looks = [await AssessAsync(model, Policy(1e-9, 1e-9)), await AssessAsync(model, Policy(1, 1))];
        FrameAssessment all = await AssessAsync(model, Policy(1, 1), looksOnce: false);

        FrameAssessment settled = Assert.Single(looks, IsFirstLook), open = Assert.Single(looks, look => !IsFirstLook(look));
        Assert.False(IsFirstLook(all));
        Assert.InRange(all.Usage!.Prompt - settled.Usage!.Prompt, 6 * 4, 7 * 4); // six or more tiles less
        Assert.Equal(all.Usage.Prompt + settled.Usage.Prompt, open.Usage!.Prompt);
        Assert.Equal(all.Categories.Select(category => category.Score!.Value), open.Categories.Select(category => category.Score!.Value), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public async Task What_is_settled_at_a_first_look_gets_its_reason_there()
    {
        SafetyPolicy policy = Policy(1e-9, 1e-9);
        FrameAssessment fast = await AssessAsync("llama", policy), worded = await AssessAsync("llama", policy, mode: VisionLanguageMode.Comprehension);
        Assert.Equal(IsFirstLook(fast), IsFirstLook(worded));
        Assert.Single(worded.Categories, category => category.Evidence.Words is not null);
        Assert.Equal(fast.Categories.Select(category => category.Score!.Value), worded.Categories.Select(category => category.Score!.Value), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public async Task The_thumbnail_of_a_first_look_is_not_looked_at_again()
    {
        using VisionLanguageModel model = await VisionLanguageModel.LoadAsync(
            GoldenText.Folder("llama"), new VisionLanguageModelOptions(), _sessions, new ExecutionOptions(), TestContext.Current.CancellationToken);
        using DecodedImage image = await DecodeAsync();
        var alone = new PromptImage(model, image.Frames[0]);
        ImageFeatures expected = await alone.FeaturesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(7, model.Looks);

        var looked = new PromptImage(model, image.Frames[0]);
        ImageFeatures glance = await looked.AtAGlance()!.FeaturesAsync(TestContext.Current.CancellationToken);
        ImageFeatures actual = await looked.FeaturesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(7 + 7, model.Looks);
        Assert.Equal(expected.Values.ToArray(), actual.Values.ToArray());
        Assert.Equal(glance.Values.ToArray(), actual.Values.Span[^glance.Values.Length..].ToArray());
    }

    public void Dispose() => _sessions.Dispose();

    private static bool IsFirstLook(FrameAssessment assessment) => assessment.Categories.All(category => category.Reason.StartsWith("At a first look", StringComparison.Ordinal));

    private static SafetyPolicy Policy(double reviewAt, double blockAt) => new[] { "pots", "kettles", "cups" }.Aggregate(
        SafetyPolicy.Define("kitchen", "1"), (policy, name) => policy.Category(name, category => category.Includes(name).ReviewAt(reviewAt).BlockAt(blockAt))).Build();

    private async Task<FrameAssessment> AssessAsync(string model, SafetyPolicy policy, bool looksOnce = true, VisionLanguageMode mode = VisionLanguageMode.Fast)
    {
        var options = new VisionLanguageEngineOptions { Mode = mode, Protocol = "instruct", LooksOnceFirst = looksOnce };
        await using var engine = new VisionLanguageEngine(GoldenText.Folder(model), options, new EngineContext(_sessions, new ExecutionOptions()));
        await using ICompiledPolicy compiled = await engine.CompileAsync(policy, TestContext.Current.CancellationToken);
        using DecodedImage image = await DecodeAsync();
        return Assert.Single(await compiled.AssessAsync(image.Frames, AssessOptions.Default, TestContext.Current.CancellationToken));
    }

    private static ValueTask<DecodedImage> DecodeAsync() => new SkiaImageDecoder().DecodeAsync(
        ImageSource.FromFile(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", "preprocess", "images", "text-1200x200.png")),
        new ImageDecodeOptions(),
        TestContext.Current.CancellationToken);
}
