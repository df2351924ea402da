using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests;

/// <summary>The whole way from picture and policy to scores and reasons, on tiny models with random weights: what they say means nothing, but they must say it rightly.</summary>
public sealed class VisionLanguageEngineTests : IAsyncDisposable
{
    private readonly SessionCache _sessions = new();

    public static TheoryData<string> ModelNames => new("llama", "qwen2");

    /// <summary>The nine kinds of harm in few words: the tiny models take no more than 2048 tokens.</summary>
    private static SafetyPolicy Paper { get; } = Nine("paper", SafetyCategory.DefaultReviewAt);

    /// <summary>Any doubt is worth a reason.</summary>
    private static SafetyPolicy Lenient { get; } = Nine("lenient", 1e-9);

    private static SafetyPolicy Two { get; } = SafetyPolicy.Define("two", "1")
        .Category(HarmCategory.Sexual)
        .Category(HarmCategory.Self_Harm)
        .Build();

    private static SafetyPolicy Novel { get; } = SafetyPolicy.Define("novel", "1")
        .Category("Teapots", category => category.Protects("Nobody should see a pot.").Includes("teapots").Excludes("cups"))
        .Category(HarmCategory.Sexual)
        .Build();

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task Every_category_gets_a_probability_and_together_with_safe_they_are_all_there_is(string model)
    {
        await using ICompiledPolicy policy = await CompileAsync(model, Paper, VisionLanguageMode.Fast);
        using DecodedImage picture = Picture("text-1200x200.png");

        FrameAssessment frame = Assert.Single(await policy.AssessAsync(picture.Frames, AssessOptions.Default, TestContext.Current.CancellationToken));

        Assert.Equal(Paper.Categories.Select(category => category.Id), frame.Categories.Select(category => category.CategoryId));
        double sum = frame.Categories.Sum(category => category.Evidence.Probability!.Value);
        Assert.InRange(sum, 0.0, 1.0);
        Assert.Equal(frame.Categories.Max(category => category.Score)!.Value, sum, 1e-9); // the likeliest category scores all that is not safe
        Assert.All(frame.Categories, category => Assert.Null(category.Evidence.Words));
        Assert.Equal(0, frame.Usage!.Written);
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task Another_picture_gets_another_answer_and_the_same_picture_the_same(string model)
    {
        await using ICompiledPolicy policy = await CompileAsync(model, Two, VisionLanguageMode.Fast);
        double[] first = await ScoresAsync(policy, "text-1200x200.png"), other = await ScoresAsync(policy, "gradient-640x480.png"), again = await ScoresAsync(policy, "text-1200x200.png");
        Assert.NotEqual(first, other);
        Assert.Equal(first, again, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task A_second_policy_on_the_same_picture_reads_only_what_is_new(string model)
    {
        await using ICompiledPolicy first = await CompileAsync(model, Two, VisionLanguageMode.Fast), second = await CompileAsync(model, Novel, VisionLanguageMode.Fast);
        using DecodedImage picture = Picture("text-1200x200.png");

        TokenUsage cold = (await first.AssessAsync(picture.Frames, AssessOptions.Default, TestContext.Current.CancellationToken))[0].Usage!;
        TokenUsage warm = (await second.AssessAsync(picture.Frames, AssessOptions.Default, TestContext.Current.CancellationToken))[0].Usage!;

        Assert.Equal(0, cold.Reused);
        Assert.InRange(warm.Reused, 28, warm.Prompt - 1); // seven tiles of four tokens and what stands before them
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task What_is_remembered_changes_nothing(string model)
    {
        await using ICompiledPolicy first = await CompileAsync(model, Two, VisionLanguageMode.Fast), second = await CompileAsync(model, Novel, VisionLanguageMode.Fast);
        await ScoresAsync(first, "text-1200x200.png");
        double[] warm = await ScoresAsync(second, "text-1200x200.png");
        using var fresh = new SessionCache();
        await using ICompiledPolicy alone = await CompileAsync(model, Novel, VisionLanguageMode.Fast, fresh);
        Assert.Equal(await ScoresAsync(alone, "text-1200x200.png"), warm, (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task A_reason_is_bounded_and_streamed_as_it_stands_in_the_result(string model)
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Lenient).UseVisionLanguageModel(GoldenText.Folder(model)));
        var pieces = new List<string>();
        GuardrailResult? result = null;
        await foreach (GuardrailUpdate update in guardrail.CheckStreamingAsync(ImageSource.FromFile(PathOf("text-1200x200.png")), TestContext.Current.CancellationToken))
        {
            Assert.Null(result);
            (result, _) = (update.Result, update.Reason is { } piece && Add(pieces, piece));
        }

        Assert.Null(result!.Failure);
        Assert.True(result.Provenance.Tokens!.Written > 0);
        string words = Assert.Single(result.Findings, finding => finding.Evidence.Words is not null).Evidence.Words!;
        Assert.InRange(words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, 1, 30);
        Assert.Equal(Squeeze(words), Squeeze(string.Concat(pieces)));

        static bool Add(List<string> pieces, string piece)
        {
            pieces.Add(piece);
            return true;
        }

        static string Squeeze(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c) && !char.IsControl(c) && c != '\uFFFD'));
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task Many_pictures_at_once_are_judged_as_one_at_a_time(string model)
    {
        string[] names = ["text-1200x200.png", "gradient-640x480.png", "noise-37x500.png", "rgba-300x180.png", "gray-111x222.png", "palette-256x256.png"];
        await using ICompiledPolicy policy = await CompileAsync(model, Paper, VisionLanguageMode.Comprehension);
        var alone = new List<double[]>();
        foreach (string name in names)
        {
            alone.Add(await ScoresAsync(policy, name));
        }

        using var fresh = new SessionCache();
        await using ICompiledPolicy busy = await CompileAsync(model, Paper, VisionLanguageMode.Comprehension, fresh);
        double[][] together = await Task.WhenAll(names.Concat(names).Select(name => Task.Run(() => ScoresAsync(busy, name))));
        for (int i = 0; i < together.Length; i++)
        {
            Assert.Equal(alone[i % names.Length], together[i], (a, b) => Math.Abs(a - b) < 1e-5);
        }
    }

    [Fact]
    public async Task A_heat_map_shows_by_occlusion_where_the_score_comes_from()
    {
        await using ICompiledPolicy policy = await CompileAsync("llama", Two, VisionLanguageMode.Fast, cells: 3);
        using DecodedImage picture = Picture("text-1200x200.png");
        FrameAssessment frame = (await policy.AssessAsync(picture.Frames, AssessOptions.Default, TestContext.Current.CancellationToken))[0];
        HeatMap map = Assert.Single(frame.Categories, category => category.Evidence.HeatMap is not null).Evidence.HeatMap!;
        Assert.Equal((3, 3, HeatMapMethod.Occlusion, 1f), (map.Width, map.Height, map.Method, map.Values.Max()));
    }

    [Theory]
    [MemberData(nameof(ModelNames))]
    public async Task A_host_can_read_what_the_model_is_asked(string model)
    {
        await using ICompiledPolicy policy = await CompileAsync(model, Novel, VisionLanguageMode.Fast);
        string prompt = Assert.Single(Assert.IsType<CompiledVisionLanguagePolicy>(policy).Prompts);
        Assert.Contains("Teapots", prompt, StringComparison.Ordinal);
        Assert.Contains("teapots", prompt, StringComparison.Ordinal);
        Assert.Contains("cups", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_check_ends_and_leaves_the_model_sound()
    {
        await using ICompiledPolicy policy = await CompileAsync("llama", Paper, VisionLanguageMode.Comprehension);
        double[] before = await ScoresAsync(policy, "text-1200x200.png");
        for (int i = 0; i < 20; i++)
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(i));
            using DecodedImage picture = Picture("gradient-640x480.png");
            await Record.ExceptionAsync(async () => await policy.AssessAsync(picture.Frames, AssessOptions.Default, cancel.Token));
        }

        Assert.Equal(before, await ScoresAsync(policy, "text-1200x200.png"), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    private async ValueTask<ICompiledPolicy> CompileAsync(string model, SafetyPolicy policy, VisionLanguageMode mode, SessionCache? sessions = null, int? cells = null)
    {
        var engine = new VisionLanguageEngine(
            GoldenText.Folder(model),
            new VisionLanguageEngineOptions { Mode = mode, OcclusionCells = cells },
            new EngineContext(sessions ?? _sessions, new ExecutionOptions()));
        return await engine.CompileAsync(policy, TestContext.Current.CancellationToken);
    }

    private static SafetyPolicy Nine(string name, double reviewAt) => HarmCategory.All
        .Aggregate(SafetyPolicy.Define(name, "1"), (builder, category) => builder.Category(category.Definition.Customize(change => change
            .Protects("People.").Includes(category.Definition.Includes[0]).Excludes().ReviewAt(reviewAt))))
        .Build();

    private static async Task<double[]> ScoresAsync(ICompiledPolicy policy, string name)
    {
        using DecodedImage picture = Picture(name);
        FrameAssessment frame = (await policy.AssessAsync(picture.Frames, AssessOptions.Default, TestContext.Current.CancellationToken))[0];
        return [.. frame.Categories.Select(category => category.Score!.Value)];
    }

    private static DecodedImage Picture(string name) =>
        new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(PathOf(name)), new ImageDecodeOptions(), TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", "preprocess", "images", name);

    public ValueTask DisposeAsync()
    {
        _sessions.Dispose();
        return ValueTask.CompletedTask;
    }
}
