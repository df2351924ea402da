using SafeVision.Cli.Output;
using SafeVision.Evaluation.Adherence;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Explanations;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Reports.Comparison;
using SafeVision.Evaluation.Robustness;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary>What <c>safevision evaluate</c> does: for each policy a run, what else was asked for, and a report.</summary>
internal sealed class EvaluateWork(EvaluateRequest request, TextWriter output, TextWriter error)
{
    /// <summary>Measures under every policy.</summary>
    public async Task<int> MeasureAsync(CancellationToken cancellationToken)
    {
        EvaluationDataset dataset = await EvaluateDataset.OpenAsync(request, error, cancellationToken);
        SayProblems(dataset);
        IReadOnlyList<SafetyPolicy> policies = EvaluateDataset.Policies(request, dataset);
        foreach (SafetyPolicy policy in policies)
        {
            string folder = policies.Count == 1 ? request.Folder : Path.Combine(request.Folder, EvaluateDataset.FolderName(policy.Name));
            EvaluationReport report = await MeasureAsync(dataset, policy, folder, cancellationToken);
            string page = await ReportFolder.WriteAsync(folder, report, mistake => Picture(dataset, mistake), cancellationToken: cancellationToken);
            EvaluateTable.Write(Terminal.Open(output), report, page);
        }

        return 0;
    }

    /// <summary>Puts two runs over the dataset side by side.</summary>
    public async Task<int> CompareAsync(string first, string second, CancellationToken cancellationToken)
    {
        EvaluationDataset dataset = await EvaluateDataset.OpenAsync(request, error, cancellationToken);
        RunComparison comparison = RunComparer.Compare(
            dataset, await EvaluationRun.ReadAsync(first, cancellationToken), await EvaluationRun.ReadAsync(second, cancellationToken), Options(), cancellationToken);
        string page = await ComparisonFolder.WriteAsync(request.Folder, comparison, cancellationToken);
        EvaluateTable.Write(Terminal.Open(output), comparison, page);
        return 0;
    }

    private async Task<EvaluationReport> MeasureAsync(EvaluationDataset dataset, SafetyPolicy policy, string folder, CancellationToken cancellationToken)
    {
        await using IImageGuardrail guardrail = Create(policy);
        EvaluationRun run = await RunAsync(guardrail, dataset, folder, $"{policy.Name}: judging", null, cancellationToken);
        EvaluationReport report = RunSummary.Create(ScoredRun.Create(dataset, run), Options(), cancellationToken);
        List<MetricValue> more = [.. ExplanationMetrics.Of(dataset, run)];
        if (request.Faithfulness is { } findings)
        {
            using var progress = new EvaluateProgress(error, $"{policy.Name}: hiding and showing what heat maps point at");
            more.AddRange((await FaithfulnessProbe.MeasureAsync(guardrail, dataset, run, new FaithfulnessOptions { MaxFindings = findings }, progress, cancellationToken)).Metrics);
        }

        if (request.Robustness)
        {
            foreach (RobustnessTransform transform in RobustnessTransforms.All)
            {
                EvaluationRun disturbed = await RunAsync(
                    guardrail, dataset, Path.Combine(folder, "robustness", transform.Name), $"{policy.Name}: judging after {transform.Name}", transform, cancellationToken);
                more.AddRange(RobustnessDrop.Of(dataset, run, disturbed, Options(), cancellationToken));
            }
        }

        if (request.Adherence)
        {
            using var progress = new EvaluateProgress(error, $"{policy.Name}: changing the policy");
            more.AddRange((await AdherenceSuite.RunAsync(guardrail, policy, dataset, new AdherenceOptions { Seed = request.Seed }, progress, cancellationToken)).Metrics);
        }

        if (request.Latency is { } images)
        {
            more.AddRange(await LatencyProbe.MeasureAsync(() => Create(policy), dataset, images, cancellationToken: cancellationToken));
        }

        return report with { Metrics = [.. report.Metrics, .. more] };
    }

    private SummaryOptions Options()
    {
        var options = new SummaryOptions();
        options.Prevalence = request.Prevalence ?? options.Prevalence;
        return options;
    }

    private async Task<EvaluationRun> RunAsync(
        IImageGuardrail guardrail, EvaluationDataset dataset, string folder, string what, IImageTransform? transform, CancellationToken cancellationToken)
    {
        using var progress = new EvaluateProgress(error, what);
        return await EvaluationRunner.RunAsync(
            guardrail, dataset, folder, new EvaluationRunOptions { Seed = request.Seed, Transform = transform }, progress, cancellationToken);
    }

    private IImageGuardrail Create(SafetyPolicy policy) => MeasuringGuardrail.Create(policy, request.Model, request.Provider);

    private static ImageSource? Picture(EvaluationDataset dataset, ReportMistake mistake) =>
        dataset.Samples.FirstOrDefault(sample => sample.Id == mistake.Sample) is { } sample ? dataset.Open(sample) : null;

    private void SayProblems(EvaluationDataset dataset)
    {
        const int shown = 10;
        foreach (DatasetProblem problem in dataset.Problems.Take(shown))
        {
            error.WriteLine(Terminal.Plain($"{problem.Where}: {problem.Message}"));
        }

        if (dataset.ProblemCount > shown)
        {
            error.WriteLine($"… and {dataset.ProblemCount - shown} more problems of the dataset.");
        }
    }
}
