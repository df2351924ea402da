// SafeVision.Training.Cli: the safevision-train command, which safevision train and safevision data start. TrainingCommandLine lists the commands,
// a file each; DataCommands and DataModelCommands are the stages of training data; ServedChat asks a model that is served.

using SafeVision.Training.Study;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision-train ablate</c>: trains the small model in many ways and writes down what each part of the method is worth.</summary>
internal static class AblateCommand
{
    public static Command Create()
    {
        var folder = new Option<string>("--folder") { Description = "The folder for datasets and runs; a study that was stopped goes on in it.", Required = true };
        var output = new Option<string>("--output") { Description = "The page to write.", DefaultValueFactory = _ => "training-report.md" };
        var defaults = new AblationOptions { Folder = "study" };
        Option<int?> seeds = Number("--seeds", "How often all variants are trained", defaults.Seeds);
        Option<int?> tiles = Number("--tile-steps", "Steps in which the vision tower learns what is where, once for all", defaults.TileSteps);
        Option<int?> language = Number("--language-steps", "Steps in which the model learns to answer", defaults.LanguageSteps);
        Option<int?> steps = Number("--steps", "Steps in which a variant trains it further", defaults.Steps);
        Option<int?> rows = Number("--rows", "Questions in such a step", defaults.Rows);
        Option<int?> images = Number("--images", "Images to train on further", defaults.Images);
        Option<int?> test = Number("--test-images", "Images to report on, with two questions each", defaults.TestImages);
        var command = new Command("ablate", "Train a small model in many ways that differ in one thing each, and write a page on what the parts of the training are worth. It is written anew after each seed; a study that was stopped goes on with the same command.")
        {
            folder, output, seeds, tiles, language, steps, rows, images, test,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            async () =>
            {
                AblationOptions options = defaults with
                {
                    Folder = parsed.GetValue(folder)!,
                    Seeds = parsed.GetValue(seeds) ?? defaults.Seeds,
                    TileSteps = parsed.GetValue(tiles) ?? defaults.TileSteps,
                    LanguageSteps = parsed.GetValue(language) ?? defaults.LanguageSteps,
                    Steps = parsed.GetValue(steps) ?? defaults.Steps,
                    Rows = parsed.GetValue(rows) ?? defaults.Rows,
                    Images = parsed.GetValue(images) ?? defaults.Images,
                    TestImages = parsed.GetValue(test) ?? defaults.TestImages,
                };
                string again = FormattableString.Invariant($"safevision-train ablate --folder study --seeds {options.Seeds} --tile-steps {options.TileSteps} --language-steps {options.LanguageSteps} --steps {options.Steps} --rows {options.Rows} --images {options.Images} --test-images {options.TestImages}");
                using var progress = new TrainProgress(parsed.InvocationConfiguration.Error);
                int done = 0;
                await foreach (string page in AblationStudy.RunAsync(options, again, progress, cancellationToken))
                {
                    await File.WriteAllTextAsync(parsed.GetValue(output)!, page, cancellationToken);
                    await parsed.InvocationConfiguration.Output.WriteLineAsync($"{parsed.GetValue(output)}: {++done} of {options.Seeds} seeds.");
                }

                return 0;
            },
            CancellationToken.None));
        return command;
    }

    private static Option<int?> Number(string name, string what, int unlessGiven) => NumberOption.Create(name, $"{what}; {unlessGiven} unless given.", 100_000);
}
