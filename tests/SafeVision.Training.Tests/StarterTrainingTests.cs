using SafeVision.Conversion;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Training.Starter;
using SafeVision.VisionLanguage;

namespace SafeVision.Training.Tests;

/// <summary>The whole way in minutes: drawn scenes, questions, training from random weights, conversion, and the engine's verdicts.</summary>
public class StarterTrainingTests
{
    private static readonly string[] s_names = ["banana", "bus", "carrot", "cat", "fox", "guitar", "key", "penguin", "rainbow", "sunflower", "tree", "umbrella"];
    private static readonly string[] s_sets = ["fluent-emoji-flat"];

    [Fact]
    public async Task A_model_trained_on_diverse_questions_follows_policies_that_it_never_saw_and_the_engine_gives_its_verdicts()
    {
        const int Count = 100;
        using TemporaryFolder folder = new();
        string checkpoint = Path.Combine(folder.Path, "checkpoint"), model = Path.Combine(folder.Path, "model");
        using var training = StarterTraining.Create(checkpoint, new StarterTrainingOptions { Names = s_names, Sets = s_sets });
        training.Run(null, TestContext.Current.CancellationToken);
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = checkpoint, Destination = model }, null, TestContext.Current.CancellationToken);

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
        double safe = 1 - result.Findings.Sum(finding => finding.Evidence.Probability ?? 0);
        Finding likeliest = result.Findings.MaxBy(finding => finding.Evidence.Probability ?? 0)!;
        return likeliest.Evidence.Probability > safe ? $"<|{likeliest.Category.ToUpperInvariant()}|>" : ScenePolicy.Safe;
    }
}
