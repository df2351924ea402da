namespace SafeVision.Cli;

/// <summary><c>safevision evaluate</c>: measures a guardrail on a dataset and writes a report.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var defaults = new EvaluationOptions();
        var dataset = new Argument<string>("dataset")
        {
            Description = "A dataset: its folder, a CSV or samples.jsonl. Without one: visionharm-s, which is drawn on the spot.",
            DefaultValueFactory = _ => defaults.Dataset,
        };
        var policy = new Option<string[]>("--policy") { Description = "A policy file; several give a report each. Without one: the dataset's own policies, else the starter policy.", DefaultValueFactory = _ => [] };
        var folder = new Option<string>("--out") { Description = "Where runs and reports go. A run that was stopped goes on from what is there.", DefaultValueFactory = _ => defaults.Folder };
        Option<string> split = ChoiceOption.Create("--split", "Which samples: train, validation, calibration, test (with those that belong to none) or all.", "test", "train", "validation", "calibration", "test", "all");
        Option<int?> limit = NumberOption.Create("--limit", "At most so many samples; which ones depends on the seed alone.", most: 10_000_000);
        var seed = new Option<long>("--seed") { Description = "Of everything that is drawn at random.", DefaultValueFactory = _ => defaults.Seed };
        Option<double?> prevalence = ShareOption.Create("--prevalence", $"The share of harmful images where the guardrail will work, for precision there. Default: {defaults.Prevalence}.");
        var robustness = new Option<bool>("--robustness") { Description = "Measure what noise, blur, JPEG, crops, rotations, overlaid text and the like cost: one more run for each." };
        var adherence = new Option<bool>("--adherence") { Description = "Measure whether verdicts follow the policy's words: clauses added and removed, other wordings." };
        Option<int?> faithfulness = NumberOption.Create("--faithfulness", "Measure heat maps by deletion and insertion on so many samples; each is judged dozens of times.", most: 100_000);
        Option<int?> latency = NumberOption.Create("--latency", "Measure time, cold and warm, with so many images.", most: 100_000);
        var compare = new Option<string[]>("--compare") { Description = "Judge nothing: put two folders of runs over the dataset side by side.", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        Option<string> provider = ProviderOption.Create();
        var model = new ModelOption();
        var reading = new DatasetOptions();
        var command = new Command("evaluate", "Measure a guardrail on a dataset: metrics with intervals, explanations, robustness, adherence; writes report.html, .json and .md.")
        {
            dataset, policy, folder, split, limit, seed, prevalence, robustness, adherence, faithfulness, latency, compare, provider,
        };
        reading.AddTo(command);
        model.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ModelChoice? choice = model.Read(parsed);
            var options = new EvaluationOptions
            {
                CreateGuardrail = under => MeasuringGuardrail.Create(under, choice, parsed.GetValue(provider)!),
                Dataset = parsed.GetValue(dataset)!,
                Reading = reading.Read(parsed),
                Policies = [.. parsed.GetValue(policy)!.Select(PolicyOption.Read)],
                Folder = parsed.GetValue(folder)!,
                Splits = Splits(parsed.GetValue(split)!),
                Limit = parsed.GetValue(limit),
                Seed = parsed.GetValue(seed),
                Prevalence = parsed.GetValue(prevalence) ?? defaults.Prevalence,
                Robustness = parsed.GetValue(robustness),
                Adherence = parsed.GetValue(adherence),
                FaithfulnessFindings = parsed.GetValue(faithfulness),
                LatencyImages = parsed.GetValue(latency),
            };
            using var progress = new EvaluateProgress(parsed.InvocationConfiguration.Error);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(compare) is [string first, string second])
            {
                (RunComparison comparison, string page) = await Evaluator.CompareAsync(options, first, second, progress, cancellationToken);
                EvaluateTable.Write(Terminal.Open(output), comparison, page);
                return 0;
            }

            foreach (EvaluationResult result in await Evaluator.RunAsync(options, progress, cancellationToken))
            {
                EvaluateTable.Write(Terminal.Open(output), result.Report, result.Page);
            }

            return 0;
        });
        return command;
    }

    private static DatasetSplit[] Splits(string word) => word switch
    {
        "all" => Enum.GetValues<DatasetSplit>(),
        "test" => [DatasetSplit.None, DatasetSplit.Test],
        _ => [Enum.Parse<DatasetSplit>(word, ignoreCase: true)],
    };
}
