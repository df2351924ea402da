using SafeVision.Engines;
using SafeVision.Engines.ClosedSet;
using SafeVision.Evaluation.Symbols;
using SafeVision.Training.Data.Fetching;
using SafeVision.Training.Data.Filtering;
using SafeVision.Training.Data.Sources;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision data</c>: the stages that make training data, each a command that can be stopped and run again.</summary>
internal static class DataCommands
{
    public static Command Create() => new("data", "Make training data: collect, filter, vote, generate, split, export, report. Every stage can be stopped and run again; it goes on where it was.")
    {
        CreateCollect(),
        CreateFilter(),
        DataVoteCommand.Create(),
        DataGenerateCommand.Create(),
        CreateSplit(),
        CreateExport(),
        CreateReport(),
        DataPolicyCommand.Create(),
    };

    private static Command CreateCollect()
    {
        var project = StageOptions.Project();
        var name = new Option<string>("--name") { Description = "What the source is called; the names of its images begin with it.", Required = true };
        var dataset = new Option<string?>("--dataset") { Description = "A folder with a folder for each category, a CSV file, or a samples.jsonl." };
        Option<int?> symbols = NumberOption.Create("--symbols", "How many scenes of harmless symbols to draw, each with its edited twin.", 1_000_000);
        var addresses = new Option<string?>("--addresses") { Description = "A CSV file, JSON lines or a Parquet file with a column url, and perhaps text, license and sha256. The images are fetched from public addresses, where robots.txt and opt-out headers allow it." };
        var licence = new Option<string?>("--licence") { Description = "The licence of a dataset's images." };
        var noEdits = new Option<bool>("--no-edits") { Description = "Draw scenes without edited twins." };
        var seed = new Option<long>("--seed") { Description = "Another seed draws other scenes.", DefaultValueFactory = _ => 1 };
        var test = new Option<bool>("--test-drawings") { Description = "Draw from the drawings that are for testing; all of them go to the test split." };
        var stage = new StageOptions();
        var command = new Command("collect", "Collect images into a project.") { project, name, dataset, symbols, addresses, licence, noEdits, seed, test };
        stage.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var fetcher = new ImageFetcher();
            DataSource[] sources =
            [
                .. parsed.GetValue(dataset) is { } path ? new[] { DataSource.FromDataset(parsed.GetValue(name)!, StageOptions.ReadDataset(parsed, path, cancellationToken), parsed.GetValue(licence)) } : [],
                .. parsed.GetValue(symbols) is { } count ? new[] { DataSource.FromSymbols(parsed.GetValue(name)!, new SymbolSceneOptions { Seed = parsed.GetValue(seed), Split = parsed.GetValue(test) ? DatasetSplit.Test : DatasetSplit.Train }, count, !parsed.GetValue(noEdits)) } : [],
                .. parsed.GetValue(addresses) is { } list ? new[] { DataSource.FromAddresses(parsed.GetValue(name)!, list, fetcher) } : [],
            ];
            return sources is [DataSource one]
                ? await StageOptions.ReportAsync(parsed, await DataProject.Open(parsed.GetValue(project)!).CollectAsync(one, stage.Read(parsed), cancellationToken))
                : throw new ArgumentException("Name one source: --dataset, --symbols or --addresses.");
        });
        return command;
    }

    private static Command CreateFilter()
    {
        var project = StageOptions.Project();
        var fit = new Option<string?>("--fit") { Description = "A labelled dataset to fit the filter to; it is written to --filter." };
        var file = new Option<string>("--filter") { Description = "The filter's file.", Required = true };
        var model = new Option<string?>("--model") { Description = "The folder of the image classifier whose features it reads; the one that comes with safevision unless given." };
        var confidence = new Option<double>("--confidence") { Description = "The least probability of a harmful class.", DefaultValueFactory = _ => 0.6 };
        var stage = new StageOptions();
        var command = new Command("filter", "Keep of the images that nobody labelled those that look harmful.") { project, fit, file, model, confidence };
        stage.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var sessions = new SessionCache();
            using ImageFeatures features = await ImageFeatures.LoadAsync(
                parsed.GetValue(model) is { } folder ? ModelPackage.Open(folder) : DefaultModels.Objects, new EngineContext(sessions, new ExecutionOptions()), cancellationToken);
            if (parsed.GetValue(fit) is { } path)
            {
                ImageFilter fitted = await ImageFilter.FitAsync(features, StageOptions.ReadDataset(parsed, path, cancellationToken), null, cancellationToken);
                fitted.Save(parsed.GetValue(file)!);
                await parsed.InvocationConfiguration.Output.WriteLineAsync(Terminal.Name(string.Create(
                    CultureInfo.InvariantCulture, $"filter of {string.Join(", ", fitted.Classes)}; right on held-out images: {(fitted.HeldOutAccuracy is { } right ? $"{right:0.000}" : "none held out")}")));
            }

            var options = new FilterOptions { Filter = ImageFilter.Load(parsed.GetValue(file)!), Features = features, Confidence = parsed.GetValue(confidence) };
            return await StageOptions.ReportAsync(parsed, await DataProject.Open(parsed.GetValue(project)!).FilterAsync(options, stage.Read(parsed), cancellationToken));
        });
        return command;
    }

    private static Command CreateSplit()
    {
        var project = StageOptions.Project();
        var train = new Option<double>("--train") { Description = "The share to train on.", DefaultValueFactory = _ => 0.8 };
        var refine = new Option<double>("--refine") { Description = "The share to refine on.", DefaultValueFactory = _ => 0.1 };
        var test = new Option<double>("--test") { Description = "The share to test on.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<long>("--seed") { Description = "Another seed deals another way.", DefaultValueFactory = _ => 1 };
        var stage = new StageOptions();
        var command = new Command("split", "Deal images out to train, refine and test: what looks alike stays together, and so do edited twins.") { project, train, refine, test, seed };
        stage.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = new SplitOptions { Train = parsed.GetValue(train), Refine = parsed.GetValue(refine), Test = parsed.GetValue(test), Seed = parsed.GetValue(seed) };
            return await StageOptions.ReportAsync(parsed, await DataProject.Open(parsed.GetValue(project)!).SplitAsync(options, stage.Read(parsed), cancellationToken));
        });
        return command;
    }

    private static Command CreateExport()
    {
        var project = StageOptions.Project();
        var command = new Command("export", "Write the dataset that 'safevision train' reads, and rows for InternVL and ms-swift beside it.") { project };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TrainingDataset dataset = await DataProject.Open(parsed.GetValue(project)!).ExportAsync(cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(Terminal.Name($"{dataset.Folder}: {string.Join(", ", dataset.Counts.Select(split => FormattableString.Invariant($"{split.Key.ToString().ToLowerInvariant()} {split.Value}")))} samples"));
            return 0;
        });
        return command;
    }

    private static Command CreateReport()
    {
        var project = StageOptions.Project();
        var output = new Option<string>("--out") { Description = "The page.", DefaultValueFactory = _ => "training-data.html" };
        Option<int?> examples = NumberOption.Create("--examples", "How many images to show; 24 unless given.", 1000);
        var command = new Command("report", "Show balance, duplicates, agreement of judges and examples with their images, as one page.") { project, output, examples };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await DataProject.Open(parsed.GetValue(project)!).WriteReportAsync(parsed.GetValue(output)!, parsed.GetValue(examples) ?? 24, 1, cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(Terminal.Name(parsed.GetValue(output)!));
            return 0;
        });
        return command;
    }
}

/// <summary>What all stages are asked alike: <c>--parallel</c>, <c>--retry-failed</c>.</summary>
internal sealed class StageOptions
{
    private readonly Option<int?> _parallel = NumberOption.Create("--parallel", "How many images are worked on at once; one for each processor unless given. The records are the same.", 1024);
    private readonly Option<bool> _retry = new("--retry-failed") { Description = "Try images again that failed before." };

    public static Argument<string> Project() => new("project") { Description = "The project's folder." };

    public void AddTo(Command command)
    {
        command.Options.Add(_parallel);
        command.Options.Add(_retry);
    }

    public StageRunOptions Read(ParseResult parsed)
    {
        var options = new StageRunOptions { RetryFailed = parsed.GetValue(_retry), Progress = new StageProgress(parsed.InvocationConfiguration.Error) };
        options.Parallelism = parsed.GetValue(_parallel) ?? options.Parallelism;
        return options;
    }

    /// <summary>Reads a dataset, and says what of it is left out.</summary>
    public static EvaluationDataset ReadDataset(ParseResult parsed, string path, CancellationToken cancellationToken)
    {
        EvaluationDataset dataset = DatasetReader.Read(path, null, cancellationToken);
        if (dataset.ProblemCount > 0)
        {
            parsed.InvocationConfiguration.Error.WriteLine(Terminal.Name(FormattableString.Invariant(
                $"{dataset.Samples.Count} samples and {dataset.ProblemCount} problems in the dataset ('safevision data check' lists them), the first: {dataset.Problems[0].Where}: {dataset.Problems[0].Message}")));
        }

        return dataset;
    }

    public static async Task<int> ReportAsync(ParseResult parsed, StageSummary summary)
    {
        await parsed.InvocationConfiguration.Output.WriteLineAsync(FormattableString.Invariant(
            $"{summary.Stage}: {summary.Kept} kept, {summary.Dropped} dropped, {summary.Failed} failed, {summary.Before} done before"));
        if (summary.Dropped + summary.Failed > 0)
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync($"Why stands in {summary.Stage}/records.jsonl of the project, and on the page of 'safevision data report'.");
        }

        return 0;
    }

    /// <summary>A line for every thousand records, so that a log of days stays readable.</summary>
    private sealed class StageProgress(TextWriter error) : IProgress<StageSummary>
    {
        public void Report(StageSummary value)
        {
            if ((value.Kept + value.Dropped + value.Failed) % 1000 == 0)
            {
                error.WriteLine(FormattableString.Invariant($"{value.Stage}: {value.Kept} kept, {value.Dropped} dropped, {value.Failed} failed"));
            }
        }
    }
}
