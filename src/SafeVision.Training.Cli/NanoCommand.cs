using SafeVision.Training.Nano;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision-train nano</c>: draws scenes, trains SafeVision-Nano, measures it on drawings that it was not trained on, and converts it.</summary>
internal static class NanoCommand
{
    /// <summary>The network that the default models' object classifier was made of, in float32.</summary>
    internal static ModelPackage Tower => ModelPackage.Open(ModelFolder.Embedded(typeof(NanoCommand).Assembly, "efficientnet-lite0"));

    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "The model's folder, made at the end; a model that is there is replaced.", Required = true };
        var work = new Option<string?>("--work") { Description = "Where scenes, checkpoint and state are kept (3 GB); a stopped run goes on there. Default: OUTPUT.work." };
        var symbols = new Option<string?>("--symbols") { Description = "A folder of @iconify-json packages whose drawings are trained on too: node_modules/@iconify-json." };
        var test = new Option<string[]>("--test") { Description = "Drawings to measure on: a set of the library, or the path of an icons.json; may be given several times.", DefaultValueFactory = _ => ["noto"] };
        var precision = new Option<string>("--precision") { Description = "How the model's weights are written, as for 'safevision convert'.", DefaultValueFactory = _ => "float32" };
        var license = new Option<string?>("--license") { Description = "The text that becomes the model's LICENSE, which names the sets that it was trained on." };
        Option<int?> scenes = NumberOption.Create("--scenes", "Scenes to draw; 16,384 unless given.", 10_000_000);
        Option<int?> steps = NumberOption.Create("--steps", "Steps; 4,000 unless given.", 10_000_000);
        Option<int?> seed = NumberOption.Create("--seed", "The same seed gives the same model on the same machine; 1 unless given.", int.MaxValue);
        var command = new Command("nano", "Train SafeVision-Nano, a small model that follows policies about drawn symbols, in ninety minutes of one core.")
        {
            output, work, symbols, test, precision, license, scenes, steps, seed,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string folder = parsed.GetValue(output)!;
            var options = new NanoTrainingOptions
            {
                Folder = parsed.GetValue(work) ?? $"{Path.TrimEndingDirectorySeparator(folder)}.work",
                Tower = Tower,
                Taxonomy = DefaultModels.Taxonomy,
                IconSets = Sets(parsed.GetValue(symbols)),
                Scenes = parsed.GetValue(scenes) ?? 16_384,
                Steps = parsed.GetValue(steps) ?? 4_000,
                Seed = parsed.GetValue(seed) ?? 1,
            };
            await Task.Run(() => Train(options, parsed.GetValue(test)!, parsed.InvocationConfiguration, cancellationToken), cancellationToken).ConfigureAwait(false);
            ConversionResult result = await ModelConverter.ConvertAsync(
                new ConversionOptions { Source = options.Folder, Destination = folder, Precision = parsed.GetValue(precision)!, Recipe = new ConversionRecipe { Id = "nano", Description = "SafeVision-Nano: follows policies about drawn symbols, not photographs.", License = "MIT", LicenseFile = parsed.GetValue(license) is { } text ? Path.GetFullPath(text) : null } },
                null, cancellationToken).ConfigureAwait(false);
            parsed.InvocationConfiguration.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{folder}: {result.Manifest.Bytes / 1e6:0.0} MB"));
            return 0;
        });
        return command;
    }

    private static void Train(NanoTrainingOptions options, string[] tests, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using NanoTraining training = NanoTraining.Open(options);
        Show(options.TowerSteps, line => training.TuneTower(step => line.Show(step.Step + 1), cancellationToken));
        Show(options.Scenes, line => training.Draw(line.Show, cancellationToken));
        Show(options.Steps, line => training.Run(step => line.Show(step.Step + 1), cancellationToken));
        foreach (string set in tests)
        {
            NanoScore score = training.Measure(set, 500);
            console.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{set}: verdict {score.Verdict:0.000}, AUC {score.Auc:0.000}, flips {score.Flips:0.000}, presence {score.Presence:0.000}, words for groups {score.Groups:0.000}, of words never asked about {score.UnlearntGroups:0.000}, reasons present {score.ReasonPresent:0.000}, place {score.Place:0.000}, calibration error {score.CalibrationError:0.000}"));
        }

        void Show(int steps, Action<ProgressLine> work)
        {
            using var line = new ProgressLine(console.Error, steps, TimeProvider.System);
            line.Start();
            work(line);
            line.Hide();
        }
    }

    private static string[] Sets(string? folder)
    {
        if (folder is null)
        {
            return [];
        }

        string[] sets = [.. Directory.GetDirectories(folder).Select(set => Path.Combine(set, "icons.json")).Where(File.Exists).Order(StringComparer.Ordinal)];
        return sets.Length > 0 ? sets : throw new IOException($"{folder}: has no folder with an icons.json; npm install @iconify-json/emojione makes one in node_modules/@iconify-json.");
    }
}
