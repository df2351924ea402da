using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Imaging;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Training.Cli;
using SafeVision.Training.Nano;
using SafeVision.Training.Networks;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Tests;

/// <summary>SafeVision-Nano: what training computes is what the engine computes, what it asks about is what is true, and what it learnt in a few minutes shows.</summary>
public class NanoTests
{
    private static readonly NanoWords s_words = NanoWords.Read(Names(), DefaultModels.Taxonomy);

    [Fact]
    public void Words_mean_what_the_taxonomy_says_and_one_word_of_several_meanings_means_nothing()
    {
        string[] Of(string word) => [.. s_words.Meanings[word].Select(name => s_words.Names[name])];
        Assert.Equal(["dog"], Of("dogs"));
        Assert.Contains("dog", Of("mammal"));
        Assert.Contains("dagger", Of("weapons"));
        Assert.DoesNotContain("bus", Of("mammal"));
        Assert.False(s_words.Meanings.ContainsKey("entity"));
        Assert.False(s_words.Meanings.ContainsKey("rapier")); // a kind of sword that nothing drawn shows
        Assert.NotEmpty(s_words.Unlearnt);
        Assert.Empty(s_words.Unlearnt.Select(group => group.Word).Intersect(s_words.Groups.Select(group => group.Word)));
    }

    [Fact]
    public void Every_pair_of_policies_differs_by_what_the_scene_shows()
    {
        using TemporaryFolder folder = new();
        NanoCheckpoint.Write(folder.Path, s_words, NanoCommand.Tower, 1);
        TextTokenizer tokenizer = TextTokenizer.Open(folder.Path);
        var questions = new NanoQuestions(s_words, tokenizer, new Random(3)) { HasGroups = true };
        var random = new Random(4);
        int groups = 0, exceptions = 0;
        for (int i = 0; i < 500; i++)
        {
            SceneThing[] things = [.. Enumerable.Range(0, s_words.Names.Count).OrderBy(_ => random.Next()).Take(random.Next(1, 5)).Select(name => new SceneThing(name, "top left", [0, 0, 0.3, 0.3]))];
            (NanoPolicy forbids, NanoPolicy allows) = questions.Pair(things);
            var found = forbids.Judge(things);
            Assert.NotNull(found);
            Assert.Contains(found.Value.Thing, things);
            Assert.Null(allows.Judge(things));
            groups += forbids.Categories.SelectMany(category => category.Includes).Any(entry => entry.Covers.Count > 1) ? 1 : 0;
            exceptions += allows.Categories.Any(category => category.Excludes.Count > 0) ? 1 : 0;

            // Each word is one token: a policy is as long as its words and marks.
            int words = forbids.Categories.Sum(category => 1 + category.Includes.Count + category.Excludes.Count + (category.Excludes.Count > 0 ? 1 : 0));
            Assert.Equal(words + 2, questions.Open(forbids.Prompt).Ids.Count);
        }

        Assert.True(groups > 100 && exceptions > 25, $"{groups} policies with words for groups and {exceptions} with exceptions of 500");
    }

    [Fact]
    public async Task The_converted_tower_gives_the_features_that_training_computes()
    {
        using TemporaryFolder folder = new();
        string checkpoint = Path.Combine(folder.Path, "checkpoint"), model = Path.Combine(folder.Path, "model");
        NanoCheckpoint.Write(checkpoint, s_words, NanoCommand.Tower, 1);
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = checkpoint, Destination = model }, null, TestContext.Current.CancellationToken);
        Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);
        Assert.True(result.Manifest.Bytes < 20_000_000, $"{result.Manifest.Bytes} bytes");

        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 3, ImageSize = NanoScenes.ImageSize });
        using TrainableNetwork network = TrainableNetwork.Load(checkpoint);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        Tensor pixels = NanoScenes.Pixels([scenes.Draw(0), scenes.Draw(1)]);
        float[] expected = network.See(pixels).data<float>().ToArray();
        using var session = new InferenceSession(Path.Combine(model, "onnx", "vision_encoder.onnx"));
        using var input = OrtValue.CreateTensorValueFromMemory(pixels.data<float>().ToArray(), [2, 3, NanoScenes.ImageSize, NanoScenes.ImageSize]);
        using var outputs = session.Run(new RunOptions(), new Dictionary<string, OrtValue> { ["pixel_values"] = input }, session.OutputNames);
        float[] actual = outputs[0].GetTensorDataAsSpan<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        float scale = expected.Max(Math.Abs);
        Assert.True(expected.Zip(actual).All(pair => Math.Abs(pair.First - pair.Second) <= 1e-3 * scale));
    }

    [Fact]
    public async Task A_run_that_was_stopped_goes_on_and_the_engine_gives_the_verdicts_of_the_trained_model()
    {
        using TemporaryFolder folder = new();
        string checkpoint = Path.Combine(folder.Path, "checkpoint"), model = Path.Combine(folder.Path, "model");
        NanoTrainingOptions options = new() { Folder = checkpoint, Tower = NanoCommand.Tower, Taxonomy = DefaultModels.Taxonomy, Scenes = 256, TowerSteps = 4, NamingSteps = 40, Steps = 12, TemperingScenes = 8, Batch = 4, Questions = 4 };
        var steps = new List<NanoStep>();
        Stop_and_go_on_with_the_tower(options);
        using (var stop = new CancellationTokenSource())
        using (NanoTraining first = NanoTraining.Open(options))
        {
            Assert.Throws<OperationCanceledException>(() => first.Run(
                step =>
                {
                    steps.Add(step);
                    if (step is { Stage: > 0, Step: 5 })
                    {
                        stop.Cancel();
                    }
                },
                stop.Token));
        }

        Assert.True(steps[39].Loss < 0.7 * steps[0].Loss, $"naming went from {steps[0].Loss} to {steps[39].Loss}");
        using NanoTraining training = NanoTraining.Open(options);
        training.Run(steps.Add, TestContext.Current.CancellationToken);
        Assert.Equal([.. Enumerable.Range(0, 12)], steps.Where(step => step.Stage > 0).Select(step => step.Step));

        await ModelConverter.ConvertAsync(new ConversionOptions { Source = checkpoint, Destination = model }, null, TestContext.Current.CancellationToken);
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 9, Split = DatasetSplit.None, Sets = ["noto"], Names = [.. Noto().Intersect(training.Names)], ImageSize = NanoScenes.ImageSize });
        var questions = new NanoQuestions(training.Words, training.Tokenizer, new Random(5));
        IImageGuardrail? guardrail = null;
        for (int i = 0; i < 10; i++)
        {
            SymbolScene scene = scenes.Draw(i);
            NanoPolicy policy = Ordered(questions.Pair([.. NanoScenes.Shown(scene, Numbers(training.Names))]).Forbids);
            double[] trained = Shares(training, scene, policy);
            guardrail = await Asked(guardrail, model, policy);
            GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromPixels(scene.Pixels, scene.Size, scene.Size, PixelFormat.Rgb24), TestContext.Current.CancellationToken);
            Assert.Null(result.Failure);
            foreach ((int category, Finding finding) in result.Findings.OrderBy(finding => finding.Category, StringComparer.Ordinal).Index())
            {
                Assert.Equal(trained[category + 1], finding.Evidence.Probability!.Value, 0.03); // training multiplies in bfloat16
            }
        }

        await guardrail!.DisposeAsync();
        await The_reason_names_what_its_mark_lists(model, scenes.Draw(0));
    }

    private static void Stop_and_go_on_with_the_tower(NanoTrainingOptions options)
    {
        var steps = new List<int>();
        using (var stop = new CancellationTokenSource())
        using (NanoTraining first = NanoTraining.Open(options))
        {
            Assert.Throws<OperationCanceledException>(() => first.TuneTower(
                step =>
                {
                    steps.Add(step.Step);
                    stop.Cancel();
                },
                stop.Token));
        }

        using NanoTraining second = NanoTraining.Open(options);
        second.TuneTower(step => steps.Add(step.Step), TestContext.Current.CancellationToken);
        second.TuneTower(_ => Assert.Fail("It was done."), TestContext.Current.CancellationToken);
        Assert.Equal([0, 1, 2, 3], steps);
    }

    [Fact]
    public void Every_square_that_teaches_the_tower_shows_a_thing()
    {
        using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = 3, ImageSize = NanoScenes.ImageSize });
        var crops = new NanoCrops([new SceneSource(1, scenes)], Numbers(scenes.Names), 1);
        foreach ((SymbolScene crop, IReadOnlyList<SceneThing> things) in crops.Take(0, 32, new Random(1)))
        {
            Assert.Equal(32 * NanoCrops.Side, crop.Size);
            Assert.Contains(things, thing => thing.Box[0] < 1 && thing.Box[2] > 0 && thing.Box[1] < 1 && thing.Box[3] > 0);
        }
    }

    private static async Task The_reason_names_what_its_mark_lists(string model, SymbolScene scene)
    {
        SafetyPolicy policy = SafetyPolicy.Define("reasons", "1").Category("a", category => category.Includes("cups of coffee", "a dagger").ReviewAt(1e-9)).Category("b", category => category.Includes("blorple")).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(model));
        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromPixels(scene.Pixels, scene.Size, scene.Size, PixelFormat.Rgb24), TestContext.Current.CancellationToken);
        Finding known = result.Findings.Single(finding => finding.Category == "a");
        Assert.Matches("^(cup of coffee|dagger)( [^_{}]*)?$", known.Evidence.Words);
        Assert.Equal(Verdict.NotAssessed, result.Findings.Single(finding => finding.Category == "b").Verdict); // a word that it does not know
    }

    private static string[] Names()
    {
        using var drawn = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = ["fluent-emoji-flat"] });
        return [.. drawn.Names];
    }

    private static string[] Noto()
    {
        using var drawn = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = ["noto"] });
        return [.. drawn.Names];
    }

    private static Dictionary<string, int> Numbers(IReadOnlyList<string> names) => names.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);

    /// <summary>The same policy with marks in the order in which the engine gives them, at most six names behind each.</summary>
    private static NanoPolicy Ordered(NanoPolicy policy) =>
        new([.. policy.Categories.Select((category, i) => category with { Mark = NanoCheckpoint.CategoryMarks[i], Includes = [.. category.Includes.DistinctBy(entry => entry.Word).Take(6)] })]);

    /// <summary>The shares of safe and of each category, as the trained network gives them.</summary>
    private static double[] Shares(NanoTraining training, SymbolScene scene, NanoPolicy policy)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        var questions = new NanoQuestions(training.Words, training.Tokenizer, new Random(1));
        long[] marks = [questions.Id(NanoCheckpoint.Safe), .. policy.Categories.Select(category => (long)questions.Id(category.Mark))];
        Tensor logits = training.Next(training.See(scene), [questions.Open(policy.Prompt)])[0];
        return [.. nn.functional.softmax(logits.index_select(0, tensor(marks)), 0).data<float>().ToArray().Select(share => (double)share)];
    }

    private static async Task<IImageGuardrail> Asked(IImageGuardrail? guardrail, string model, NanoPolicy policy)
    {
        SafetyPolicyBuilder builder = SafetyPolicy.Define("scenes", "1");
        foreach (NanoCategory category in policy.Categories)
        {
            builder = builder.Category(category.Mark.Trim('<', '>', '|').ToLowerInvariant(), one => one.Includes([.. category.Includes.Select(entry => entry.Word.Replace('_', ' '))]));
        }

        SafetyPolicy made = builder.Build();
        if (guardrail is null)
        {
            return ImageGuardrail.Create(one => one.UsePolicy(made).UseVisionLanguageModel(model, options => options.Mode = VisionLanguageMode.Fast));
        }

        await guardrail.UpdatePolicyAsync(made, TestContext.Current.CancellationToken);
        return guardrail;
    }
}
