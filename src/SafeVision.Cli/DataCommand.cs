using SafeVision.Evaluation.Symbols;

namespace SafeVision.Cli;

/// <summary><c>safevision data</c>: makes datasets and checks them.</summary>
internal static class DataCommand
{
    public static Command Create()
    {
        var command = new Command("data", "Make and check datasets to measure a guardrail with, or to train one.")
        {
            DataCheckCommand.Create(),
            new Command("build", "Build a dataset.") { CreateSymbols() },
        };
        foreach (Command stage in TrainingTool.CreateData())
        {
            command.Subcommands.Add(stage);
        }

        return command;
    }

    private static Command CreateSymbols()
    {
        var defaults = new SymbolBenchmarkOptions();
        Option<int?> count = NumberOption.Create("--count", $"How many images; {defaults.Count} unless given.", 1_000_000);
        var seed = new Option<long>("--seed") { Description = "The same seed gives the same files, byte for byte.", DefaultValueFactory = _ => defaults.Seed };
        Option<string> split = ChoiceOption.Create("--split", "train, validation, test, or all: half, a fifth and the rest of the images.", "all", "train", "validation", "test", "all");
        var output = new Option<string>("--out") { Description = "The folder to make; it must not exist, or be empty.", DefaultValueFactory = _ => "visionharm-s" };
        var icons = new Option<string?>("--icon-set") { Description = "The icons.json of an @iconify-json package, such as openmoji, to draw test images from instead of the sets that come with safevision." };
        Option<int?> size = NumberOption.Create("--image-size", $"The side of an image in pixels, from 128; {defaults.ImageSize} unless given.", 1024);
        Option<int?> threads = NumberOption.Create("--threads", "How many images are drawn at a time; one for each processor unless given. The files are the same.", 256);
        var command = new Command("symbols", "Build VisionHarm-S: images of harmless symbols with exact ground truth, to test whether a guardrail follows a policy.")
        {
            count, seed, split, output, icons, size, threads,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var options = new SymbolBenchmarkOptions
            {
                Count = parsed.GetValue(count) ?? defaults.Count,
                Seed = parsed.GetValue(seed),
                Split = parsed.GetValue(split) is { } name && name != "all" ? Enum.Parse<DatasetSplit>(name, ignoreCase: true) : DatasetSplit.None,
                ImageSize = parsed.GetValue(size) ?? defaults.ImageSize,
                IconSet = parsed.GetValue(icons),
            };
            return BuildAsync(options, parsed.GetValue(output)!, parsed.GetValue(threads) ?? 0, parsed.InvocationConfiguration, cancellationToken);
        });
        return command;
    }

    private static async Task<int> BuildAsync(SymbolBenchmarkOptions options, string folder, int threads, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        SymbolBenchmark benchmark = SymbolBenchmark.Create(options);
        string hash;
        using (var progress = new EvaluateProgress(console.Error, "Drawing"))
        {
            hash = await benchmark.WriteAsync(folder, threads, progress, cancellationToken);
        }

        await console.Output.WriteLineAsync(FormattableString.Invariant(
            $"{folder}: VisionHarm-S, {benchmark.Count} images of {options.ImageSize} x {options.ImageSize}, {benchmark.Categories.Count} categories, seed {options.Seed}, content sha256 {hash}"));
        return 0;
    }
}
