namespace SafeVision.Cli;

/// <summary><c>safevision data check</c>: what a dataset holds, what is wrong with it, and which images stand in two splits.</summary>
internal static class DataCheckCommand
{
    /// <summary>The exit code when there are problems; 0, 2 and 3 are decisions elsewhere, and 1 is an error.</summary>
    private const int HasProblems = 4;

    public static Command Create()
    {
        var dataset = new Argument<string>("dataset") { Description = "A folder with a folder for each category, a CSV file, or a samples.jsonl." };
        var looks = new Option<bool>("--no-images") { Description = "Don't look at the images; without it every image is compared with every other." };
        var within = new Option<bool>("--within-splits") { Description = "Report images that stand twice in one split, too." };
        var reading = new DatasetOptions();
        var command = new Command("check", "Check a dataset: rows that can't be used, and images that stand in two splits. Exit code: 0 nothing wrong, 4 problems, 1 error.")
        {
            dataset, looks, within,
        };
        reading.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            EvaluationDataset read = DatasetReader.Read(parsed.GetValue(dataset)!, reading.Read(parsed), cancellationToken);
            TextWriter output = parsed.InvocationConfiguration.Output;
            await DescribeAsync(output, read);
            int problems = await ListAsync(output, read.Problems, read.ProblemCount);
            if (!parsed.GetValue(looks))
            {
                problems += await CompareAsync(read, parsed.GetValue(within), parsed.InvocationConfiguration, cancellationToken);
            }

            await output.WriteLineAsync(problems == 0 ? "No problems." : string.Create(CultureInfo.InvariantCulture, $"Problems: {problems}."));
            return problems == 0 && read.Samples.Count > 0 ? 0 : HasProblems;
        });
        return command;
    }

    private static async Task DescribeAsync(TextWriter output, EvaluationDataset dataset)
    {
        await output.WriteLineAsync(Terminal.Name($"{dataset.Name} {dataset.Version}".Trim() + FormattableString.Invariant($": {dataset.Samples.Count} samples, sha256 {dataset.Hash}")));
        foreach (IGrouping<DatasetSplit, EvaluationSample> split in dataset.Samples.GroupBy(sample => sample.Split).OrderBy(split => split.Key))
        {
            IEnumerable<string> counts = dataset.Categories
                .Select(id => (Id: id, Count: split.Count(sample => sample.Labels.Contains(id))))
                .Where(category => category.Count > 0)
                .Select(category => FormattableString.Invariant($"{category.Id} {category.Count}"))
                .Prepend(FormattableString.Invariant($"harmless {split.Count(sample => sample.Labels.Count == 0)}"));
            string name = split.Key == DatasetSplit.None ? "no split" : split.Key.ToString().ToLowerInvariant();
            await output.WriteLineAsync(Terminal.Name(FormattableString.Invariant($"  {name} ({split.Count()}): {string.Join(", ", counts)}")));
        }
    }

    private static async Task<int> CompareAsync(EvaluationDataset dataset, bool within, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        LeakReport report;
        using (var progress = new EvaluateProgress(console.Error, "Comparing images"))
        {
            report = await LeakCheck.FindAsync(dataset, within, progress, cancellationToken);
        }

        await console.Output.WriteLineAsync(FormattableString.Invariant(
            $"Images: {report.Compared} compared by how they look, {report.ByBytesOnly} with too little to see by their bytes, {report.Unreadable} unreadable."));
        return await ListAsync(console.Output, report.Problems, report.ProblemCount);
    }

    private static async Task<int> ListAsync(TextWriter output, IReadOnlyList<DatasetProblem> problems, int count)
    {
        foreach (DatasetProblem problem in problems)
        {
            await output.WriteLineAsync(Terminal.Name($"{problem.Where}: {problem.Message}"));
        }

        if (count > problems.Count)
        {
            await output.WriteLineAsync(FormattableString.Invariant($"… and {count - problems.Count} more."));
        }

        return count;
    }
}
