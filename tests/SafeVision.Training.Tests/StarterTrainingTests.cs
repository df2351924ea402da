using SafeVision.Conversion;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Training.Adapters;
using SafeVision.Training.Data;
using SafeVision.Training.Runs;
using SafeVision.Training.Starter;
using SafeVision.Training.Tests.Runs;
using SafeVision.VisionLanguage;

namespace SafeVision.Training.Tests;

/// <summary>The whole way in minutes: drawn scenes, questions, training from random weights, conversion, and the engine's verdicts.</summary>
public class StarterTrainingTests(TrainedStarter starter) : IClassFixture<TrainedStarter>
{
    private static readonly string[] s_names = TrainedStarter.Names;
    private static readonly string[] s_sets = TrainedStarter.Sets;

    [Fact]
    public async Task A_model_trained_on_diverse_questions_follows_policies_that_it_never_saw_and_the_engine_gives_its_verdicts()
    {
        const int Count = 100;
        using TemporaryFolder folder = new();
        string model = Path.Combine(folder.Path, "model");
        StarterTraining training = starter.Training;
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = starter.Checkpoint, Destination = model }, null, TestContext.Current.CancellationToken);

        // Scenes of another seed, and policies that no training question had; each once as it is, once with the offending name exchanged.
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 99, Names = s_names, Sets = s_sets, KeepsColors = true, MostThings = 2, ImageSize = training.ImageSize });
        var questions = new SceneQuestions(s_names, StarterTraining.CategoryMarks, new Random(7));
        int right = 0, flips = 0, seen = 0, same = 0;
        IImageGuardrail? guardrail = null;
        for (int i = 0; i < Count; i++)
        {
            SymbolScene scene = scenes.Draw(i);
            string[] shown = [.. scene.Symbols.Select(symbol => symbol.Name).Distinct()];
            (ScenePolicy forbids, ScenePolicy allows) = questions.HeldOutPair(shown);
            Assert.True(forbids.IsHeldOut);
            string first = training.Judge(scene, forbids), second = training.Judge(scene, allows);
            bool isFirst = first == forbids.Judge(shown).Mark, isSecond = second == ScenePolicy.Safe;
            (right, flips) = (right + (isFirst ? 1 : 0) + (isSecond ? 1 : 0), flips + (isFirst && isSecond ? 1 : 0));
            seen += (training.Sees(scene, shown[0]) ? 1 : 0) + (training.Sees(scene, s_names.Except(shown).First()) ? 0 : 1);
            if (i >= Count / 2)
            {
                continue; // the engine gives the same answers; half of them show it
            }

            SafetyPolicy policy = Policy(forbids);
            if (guardrail is null)
            {
                guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(model, options => options.Mode = VisionLanguageMode.Fast));
            }
            else
            {
                await guardrail.UpdatePolicyAsync(policy, TestContext.Current.CancellationToken);
            }

            same += await Verdict(guardrail, scene) == first ? 1 : 0;
        }

        await guardrail!.DisposeAsync();
        double verdicts = right / (2.0 * Count), presence = seen / (2.0 * Count);
        string figures = $"verdicts {verdicts}, strict flips {flips / (double)Count}, presence {presence}, the engine's verdicts {same} of {Count / 2}";
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(verdicts >= 0.80 && flips >= 0.65 * Count && presence >= 0.85, figures); // always safe is right in 0.50, and never flips
        Assert.True(same == Count / 2, figures);
    }

    [Fact]
    public async Task Tuned_on_a_policy_in_words_that_it_did_not_know_it_follows_it_on_images_that_it_never_saw_and_so_does_the_engine()
    {
        using TemporaryFolder folder = new();
        string data = Path.Combine(folder.Path, "data");
        await SceneDataset.WriteAsync(data, train: 240, refine: 40, test: 60);
        TrainingResult result = await TrainingSession.RunAsync(
            new TrainingOptions
            {
                Model = starter.Checkpoint,
                Data = data,
                Output = Path.Combine(folder.Path, "run"),
                Adapter = new LowRankOptions { Rank = 8, Alpha = 16 },
                Steps = 60,
                Rows = 16,
                Accumulation = 1,
                Rate = 3e-3,
                EvaluateEvery = 30,
            },
            null, null, TestContext.Current.CancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine($"before {result.Before!.Right}, after {result.After!.Right}, always the commonest {result.After.Majority}, reasons {result.After.ReasonsNameWhatIsThere}");
        Assert.True(result.After!.Right >= 0.85 && result.After.Right >= result.Before!.Right + 0.2, $"{result.Before} {result.After}");
        Assert.True(result.After.Right >= result.After.Majority + 0.2, $"{result.After}");
        Assert.True(result.After.ReasonsNameWhatIsThere >= 0.8, $"{result.After}");
        Assert.Contains("<svg", await File.ReadAllTextAsync(Path.Combine(folder.Path, "run", "index.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // The engine, asked under the same policy, is right as often as the network was.
        SafetyPolicy policy = SafetyPolicy.FromFile(Path.Combine(data, "policies", "kinds.yaml"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(result.Model!));
        TrainingDataset dataset = await TrainingDataset.OpenAsync(data, TestContext.Current.CancellationToken);
        int right = 0, count = 0;
        await foreach (HeldOutSample held in dataset.ReadTestAsync(TestContext.Current.CancellationToken).Where(held => held.Sample.Kind == QuestionKind.Policy))
        {
            GuardrailResult judged = await guardrail.CheckAsync(dataset.OpenImage(held.Sample), TestContext.Current.CancellationToken);
            Assert.Null(judged.Failure);
            (right, count) = (right + (Verdict(judged) == (held.Sample.Category is { } category ? $"<|{category.ToUpperInvariant()}|>" : ScenePolicy.Safe) ? 1 : 0), count + 1);
        }

        Assert.Equal(result.After.Right, right / (double)count, 6);
    }

    private static SafetyPolicy Policy(ScenePolicy scene)
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define("scenes", "1");
        foreach ((string mark, IReadOnlyList<string> names) in scene.Categories)
        {
            builder = builder.Category(mark.Trim('<', '>', '|').ToLowerInvariant(), category => category.Includes([.. names]));
        }

        return builder.Build();
    }

    /// <summary>The mark of the likeliest answer: a category's where one has a probability above a half of what is left, else the safe one.</summary>
    private static async Task<string> Verdict(IImageGuardrail guardrail, SymbolScene scene)
    {
        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromPixels(scene.Pixels, scene.Size, scene.Size, PixelFormat.Rgb24), TestContext.Current.CancellationToken);
        Assert.Null(result.Failure);
        return Verdict(result);
    }

    private static string Verdict(GuardrailResult result)
    {
        double safe = 1 - result.Findings.Sum(finding => finding.Evidence.Probability ?? 0);
        Finding likeliest = result.Findings.MaxBy(finding => finding.Evidence.Probability ?? 0)!;
        return likeliest.Evidence.Probability > safe ? $"<|{likeliest.Category.ToUpperInvariant()}|>" : ScenePolicy.Safe;
    }
}

/// <summary>A starter that was trained once for all tests of the class.</summary>
public sealed class TrainedStarter : IDisposable
{
    public static readonly string[] Names = ["banana", "bus", "carrot", "cat", "fox", "guitar", "key", "penguin", "rainbow", "sunflower", "tree", "umbrella"];
    public static readonly string[] Sets = ["fluent-emoji-flat"];

    private readonly TemporaryFolder _folder = new();

    public TrainedStarter()
    {
        Training = StarterTraining.Create(Checkpoint, new StarterTrainingOptions { Names = Names, Sets = Sets });
        Training.Run(null, TestContext.Current.CancellationToken);
    }

    public string Checkpoint => Path.Combine(_folder.Path, "checkpoint");

    public StarterTraining Training { get; }

    public void Dispose()
    {
        Training.Dispose();
        _folder.Dispose();
    }
}
