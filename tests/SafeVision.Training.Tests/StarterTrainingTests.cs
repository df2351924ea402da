using SafeVision.Conversion;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Training.Optimisation;
using SafeVision.Training.Starter;
using TorchSharp;

namespace SafeVision.Training.Tests;

/// <summary>The whole way in minutes: drawn scenes, questions, training, conversion, and the engine's verdicts.</summary>
public class StarterTrainingTests
{
    [Fact]
    public void Probe()
    {
        using TemporaryFolder folder = new();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        string[] names = ["dog", "cat", "bus", "key", "apple", "umbrella", "guitar", "rocket", "tree", "clock", "gift", "anchor"];
        using (var probe = SymbolScenes.Create(new SymbolSceneOptions()))
        {
            TestContext.Current.SendDiagnosticMessage(string.Join(", ", probe.Names));
            names = [.. names.Where(probe.Names.Contains)];
            names = [.. names, .. probe.Names.Where(name => !name.Contains(' ') && !names.Contains(name)).Take(12 - names.Length)];
        }

        using var training = StarterTraining.Create(folder.Path, new StarterTrainingOptions
        {
            Names = names,
            TileSteps = int.Parse(Environment.GetEnvironmentVariable("TILE") ?? "400"),
            LanguageSteps = int.Parse(Environment.GetEnvironmentVariable("LANG_STEPS") ?? "500"),
        });
        training.Run(new Now(record =>
        {
            if (record.Step % 20 == 0)
            {
                File.AppendAllText("/tmp/starter.log", $"{watch.Elapsed.TotalSeconds:0} s {record}\n");
            }
        }), CancellationToken.None);
        using var test = SymbolScenes.Create(new SymbolSceneOptions { Seed = 99, Names = names, MostThings = 2, ImageSize = 112 });
        var questions = new SceneQuestions(names, StarterTraining.CategoryMarks, new Random(7));
        int right = 0, flips = 0, present = 0;
        for (int i = 0; i < 100; i++)
        {
            SymbolScene scene = test.Draw(i);
            string[] shown = [.. scene.Symbols.Select(symbol => symbol.Name).Distinct()];
            (ScenePolicy forbids, ScenePolicy allows) = questions.HeldOutPair(shown);
            bool first = training.Judge(scene, forbids) == forbids.Judge(shown).Mark, second = training.Judge(scene, allows) == ScenePolicy.Safe;
            right += (first ? 1 : 0) + (second ? 1 : 0);
            flips += first && second ? 1 : 0;
            present += (training.Sees(scene, shown[0]) ? 1 : 0) + (training.Sees(scene, names.Except(shown).First()) ? 0 : 1);
        }

        File.AppendAllText("/tmp/starter.log", $"{watch.Elapsed.TotalSeconds:0} s right {right / 200.0} flips {flips / 100.0} presence {present / 200.0}\n");
    }

    private sealed class Now(Action<StepRecord> report) : IProgress<StepRecord>
    {
        public void Report(StepRecord value) => report(value);
    }
}
