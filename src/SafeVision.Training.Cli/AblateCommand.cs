using System.CommandLine;
using SafeVision.Cli;
using SafeVision.Training.Study;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision-train ablate</c>: trains the small model in many ways and writes down what each part of the method is worth.</summary>
internal static class AblateCommand
{
    public static Command Create()
    {
        var folder = new Option<string>("--folder") { Description = "The folder for datasets and runs; a study that was stopped goes on in it.", Required = true };
        var output = new Option<string>("--output") { Description = "The page to write.", DefaultValueFactory = _ => "training-report.md" };
        Option<int?> seeds = NumberOption.Create("--seeds", "How often each variant is trained; 3 unless given.", 100);
        Option<int?> steps = NumberOption.Create("--steps", "Steps of each variant; 60 unless given.", 100_000);
        Option<int?> images = NumberOption.Create("--images", "Images to train on; 300 unless given.", 100_000);
        Option<int?> test = NumberOption.Create("--test-images", "Images to report on, with two questions each; 100 unless given.", 100_000);
        Option<int?> tiles = NumberOption.Create("--tile-steps", "Steps in which the first model learns to see; 400 unless given.", 100_000);
        Option<int?> language = NumberOption.Create("--language-steps", "Steps in which the first model learns to answer; 250 unless given.", 100_000);
        var command = new Command("ablate", "Train a small model in many ways that differ in one thing each, and write a page on what the parts of the training are worth.")
        {
            folder, output, seeds, steps, images, test, tiles, language,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            async () =>
            {
                var defaults = new AblationOptions { Folder = parsed.GetValue(folder)! };
                AblationOptions options = defaults with
                {
                    Seeds = parsed.GetValue(seeds) ?? defaults.Seeds,
                    Steps = parsed.GetValue(steps) ?? defaults.Steps,
                    Images = parsed.GetValue(images) ?? defaults.Images,
                    TestImages = parsed.GetValue(test) ?? defaults.TestImages,
                    TileSteps = parsed.GetValue(tiles) ?? defaults.TileSteps,
                    LanguageSteps = parsed.GetValue(language) ?? defaults.LanguageSteps,
                };
                IReadOnlyList<AblationVariant> variants;
                using (var progress = new TrainProgress(parsed.InvocationConfiguration.Error))
                {
                    variants = await AblationStudy.RunAsync(options, progress, cancellationToken);
                }

                string again = FormattableString.Invariant($"safevision-train ablate --folder study --seeds {options.Seeds} --steps {options.Steps} --images {options.Images} --test-images {options.TestImages} --tile-steps {options.TileSteps} --language-steps {options.LanguageSteps}");
                await File.WriteAllTextAsync(parsed.GetValue(output)!, AblationReport.Write(variants, options, again), cancellationToken);
                await parsed.InvocationConfiguration.Output.WriteLineAsync($"{parsed.GetValue(output)}: {variants.Count} variants.");
                return 0;
            },
            CancellationToken.None));
        return command;
    }
}
