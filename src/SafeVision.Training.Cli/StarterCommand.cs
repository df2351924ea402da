using SafeVision.Training.Optimisation;
using SafeVision.Training.Starter;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision-train starter</c>: makes a small model from random weights and trains it on drawn scenes, to see the whole way in minutes.</summary>
internal static class StarterCommand
{
    private static readonly string[] s_names = ["banana", "bus", "carrot", "cat", "fox", "guitar", "key", "penguin", "rainbow", "sunflower", "tree", "umbrella"];

    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "The folder to make; it must not exist, or be empty.", Required = true };
        var names = new Option<string[]>("--name") { Description = "A thing that it learns to see, one word; may be given several times. Default: twelve of them.", DefaultValueFactory = _ => s_names };
        var sets = new Option<string[]>("--set") { Description = "An icon set that its scenes are drawn from; may be given several times.", DefaultValueFactory = _ => ["fluent-emoji-flat"] };
        Option<int?> tiles = NumberOption.Create("--tile-steps", "Steps in which the vision tower learns what is where; 400 unless given.", 1_000_000);
        Option<int?> language = NumberOption.Create("--steps", "Steps in which the whole model learns to answer; 800 unless given.", 1_000_000);
        Option<int?> tiled = NumberOption.Create("--tiled-steps", "Steps in which it learns then from images of two to four tiles, half of a step's number of them; none unless given.", 1_000_000);
        Option<int?> test = NumberOption.Create("--test", "Images of the dataset to report on, each under two policies; 40 unless given.", 100_000);
        Option<int?> seed = NumberOption.Create("--seed", "The same seed gives the same model on the same machine; 1 unless given.", int.MaxValue);
        var data = new Option<string?>("--data") { Description = "A folder to write a training dataset of drawn scenes into, in the model's words." };
        var command = new Command("starter", "Make a small model from random weights and train it on drawn scenes: a checkpoint to try everything with, in three minutes on two cores.")
        {
            output, data, test, names, sets, tiles, language, tiled, seed,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                var options = new StarterTrainingOptions
                {
                    Names = parsed.GetValue(names)!,
                    Sets = parsed.GetValue(sets)!,
                    TileSteps = parsed.GetValue(tiles) ?? 400,
                    LanguageSteps = parsed.GetValue(language) ?? 800,
                    TiledSteps = parsed.GetValue(tiled) ?? 0,
                    Seed = parsed.GetValue(seed) ?? 1,
                };
                return RunAsync(parsed.GetValue(output)!, parsed.GetValue(data), parsed.GetValue(test) ?? 40, options, parsed.InvocationConfiguration, cancellationToken);
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string folder, string? data, int test, StarterTrainingOptions options, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        if (new[] { folder, data }.OfType<string>().FirstOrDefault(path => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()) is { } taken)
        {
            throw new IOException($"{taken} is there already and not empty; name another folder.");
        }

        if (data is not null)
        {
            await StarterDataset.WriteAsync(data, new StarterDatasetOptions { Names = options.Names, Sets = options.Sets, Test = test, IsTiled = options.TiledSteps > 0, Seed = options.Seed + 1 }, cancellationToken);
        }

        int steps = options.TileSteps + options.LanguageSteps + options.TiledSteps;
        using var line = new ProgressLine(console.Error, steps, TimeProvider.System);
        double loss = double.NaN;
        using StarterTraining training = StarterTraining.Create(folder, options);
        line.Start();
        training.Run(new StepProgress(record => { loss = record.Loss; line.Show(record.Step + 1); }), cancellationToken);
        line.Hide();
        await console.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{folder}: a model of {options.Names.Count} names, {steps} steps, last loss {loss:0.000}"));
        return 0;
    }
}

/// <summary>Tells of each step where it is taken, not later on another thread.</summary>
internal sealed class StepProgress(Action<StepRecord> report) : IProgress<StepRecord>
{
    public void Report(StepRecord value) => report(value);
}
