using SafeVision.Evaluation.Adherence;
using SafeVision.Evaluation.Explanations;
using SafeVision.Evaluation.Symbols;

namespace SafeVision.Evaluation;

/// <summary>Measures a guardrail on a dataset, from files to reports: all that <c>safevision evaluate</c> does.</summary>
public static class Evaluator
{
    /// <summary>The name of the benchmark that is drawn on the spot; see <see cref="SymbolBenchmark"/>.</summary>
    public const string VisionHarmS = "visionharm-s";

    private const string LockName = ".evaluation.lock";
    private const int DefaultCount = 1_000;

    /// <summary>Judges the samples under each policy and writes a report for each.</summary>
    /// <param name="options">What is measured; <see cref="EvaluationOptions.CreateGuardrail"/> must be set.</param>
    /// <param name="progress">Told of every step; the first report lists what is wrong with the dataset.</param>
    /// <param name="cancellationToken">Stops the work; the answers so far are kept, and the next call with the same options goes on.</param>
    /// <returns>One result for each policy, in their order.</returns>
    /// <exception cref="ArgumentException">There is no way to make a guardrail, two policies have one name, or a number is out of its range.</exception>
    /// <exception cref="DatasetException">The dataset cannot be used, or none of its samples is in the splits.</exception>
    /// <exception cref="EvaluationException">The folder holds another run, a damaged one, or one that somebody else is writing.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static async Task<IReadOnlyList<EvaluationResult>> RunAsync(
        EvaluationOptions options, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.CreateGuardrail is null)
        {
            throw new ArgumentException($"There is nothing to measure: set {nameof(EvaluationOptions.CreateGuardrail)}.", nameof(options));
        }

        EvaluationDataset dataset = await OpenAsync(options, progress, cancellationToken).ConfigureAwait(false);
        using FolderLock mine = FolderLock.Take(options.Folder, LockName);
        progress?.Report(new EvaluationProgress(0, dataset.Samples.Count, 0) { Problems = dataset.Problems, ProblemCount = dataset.ProblemCount });
        SafetyPolicy[] policies = Policies(options, dataset);
        List<EvaluationResult> results = [];
        foreach (SafetyPolicy policy in policies)
        {
            string folder = policies.Length == 1 ? options.Folder : Path.Combine(options.Folder, FolderName(policy.Name));
            EvaluationReport report = await MeasureAsync(options, dataset, policy, folder, progress, cancellationToken).ConfigureAwait(false);
            string page = await ReportFolder.WriteAsync(folder, report, mistake => ImageOf(dataset, mistake), cancellationToken: cancellationToken).ConfigureAwait(false);
            results.Add(new EvaluationResult(report, page));
        }

        return results;
    }

    /// <summary>Judges nothing: puts two runs over the dataset side by side and writes <c>comparison.html</c>, <c>.json</c> and <c>.md</c>.</summary>
    /// <param name="options">Names the dataset, its samples and the folder to write to.</param>
    /// <param name="first">A folder that <see cref="RunAsync"/> wrote: the run to compare with.</param>
    /// <param name="second">Another: the run whose gain or loss is told.</param>
    /// <param name="progress">Told of the drawing of VisionHarm-S, where that is the dataset.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The comparison, and the path of its page.</returns>
    /// <exception cref="EvaluationException">A folder holds no run, a run is of another dataset, or the two have no sample in common.</exception>
    /// <inheritdoc cref="RunAsync" path="/exception"/>
    public static async Task<(RunComparison Comparison, string Page)> CompareAsync(
        EvaluationOptions options, string first, string second, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        EvaluationDataset dataset = await OpenAsync(options, progress, cancellationToken).ConfigureAwait(false);
        RunComparison comparison = RunComparer.Compare(
            dataset,
            await EvaluationRun.ReadAsync(first, cancellationToken).ConfigureAwait(false),
            await EvaluationRun.ReadAsync(second, cancellationToken).ConfigureAwait(false),
            new SummaryOptions { Prevalence = options.Prevalence },
            cancellationToken);
        return (comparison, await ComparisonFolder.WriteAsync(options.Folder, comparison, cancellationToken).ConfigureAwait(false));
    }

    private static async Task<EvaluationReport> MeasureAsync(
        EvaluationOptions options, EvaluationDataset dataset, SafetyPolicy policy, string folder, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        var summary = new SummaryOptions { Prevalence = options.Prevalence };
        await using IImageGuardrail guardrail = options.CreateGuardrail!(policy);
        EvaluationRun run = await JudgeAsync("judging", folder, null).ConfigureAwait(false);
        EvaluationReport report = RunSummary.Create(ScoredRun.Create(dataset, run), summary, cancellationToken);
        List<MetricValue> more = [.. ExplanationMetrics.Of(dataset, run)];
        if (options.FaithfulnessFindings is { } findings)
        {
            more.AddRange((await FaithfulnessProbe.MeasureAsync(guardrail, dataset, run, findings, Step("hiding and showing what heat maps point at"), cancellationToken).ConfigureAwait(false)).Metrics);
        }

        foreach (RobustnessTransform transform in options.Robustness ? RobustnessTransforms.All : [])
        {
            EvaluationRun disturbed = await JudgeAsync($"judging after {transform.Name}", Path.Combine(folder, "robustness", transform.Name), transform).ConfigureAwait(false);
            more.AddRange(RobustnessDrop.Of(dataset, run, disturbed, summary, cancellationToken));
        }

        if (options.Adherence)
        {
            more.AddRange((await AdherenceSuite.RunAsync(
                guardrail, policy, dataset, options.Seed, Step("changing the policy"), cancellationToken).ConfigureAwait(false)).Metrics);
        }

        if (options.LatencyImages is { } images)
        {
            more.AddRange(await LatencyProbe.MeasureAsync(() => options.CreateGuardrail!(policy), dataset, images, cancellationToken).ConfigureAwait(false));
        }

        return report with { Metrics = [.. report.Metrics, .. more] };

        Task<EvaluationRun> JudgeAsync(string what, string where, IImageTransform? transform) => EvaluationRunner.RunAsync(
            guardrail, dataset, where, options.Seed, transform, Step(what), cancellationToken);

        StepProgress? Step(string what) => progress is null ? null : new StepProgress(progress, $"{policy.Name}: {what}");
    }

    /// <summary>Reads the dataset, or draws it where it is the one that comes with the library, and chooses the samples.</summary>
    private static async Task<EvaluationDataset> OpenAsync(EvaluationOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        string path = options.Dataset == VisionHarmS && !Directory.Exists(VisionHarmS)
            ? await DrawAsync(options, progress, cancellationToken).ConfigureAwait(false)
            : options.Dataset;
        EvaluationDataset dataset = DatasetReader.Read(path, options.Reading, cancellationToken);
        EvaluationDataset chosen = dataset.Only(options.Splits);
        if (chosen.Samples.Count == 0)
        {
            string problem = dataset.Problems.Count > 0 ? $" The first of {dataset.ProblemCount} problems: {dataset.Problems[0].Where}: {dataset.Problems[0].Message}" : "";
            throw new DatasetException($"{dataset.Name} has {dataset.Samples.Count} samples, but none of the split '{SplitName(options)}'. Choose another split.{problem}");
        }

        return options.Limit is { } limit ? chosen.Take(limit, options.Seed) : chosen;
    }

    private static async Task<string> DrawAsync(EvaluationOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        int count = options.Limit ?? DefaultCount;
        string split = SplitName(options);
        string folder = Path.Combine(options.Folder, $"{VisionHarmS}-{split}-{count}-seed-{options.Seed}");
        using FolderLock mine = FolderLock.Take(options.Folder, LockName);
        if (!Directory.Exists(folder))
        {
            var benchmark = SymbolBenchmark.Create(new SymbolBenchmarkOptions
            {
                Count = count,
                Seed = options.Seed,
                Split = split == "all" ? DatasetSplit.None : options.Splits.Max(),
            });
            await benchmark.WriteAsync(folder, progress: progress is null ? null : new StepProgress(progress, "drawing VisionHarm-S"), cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        return folder;
    }

    /// <summary>The one split that is meant, by its name; "all" where there are several that hold samples of their own.</summary>
    private static string SplitName(EvaluationOptions options) => options.Splits.Where(split => split != DatasetSplit.None).ToArray() switch
    {
        [DatasetSplit only] => only.ToString().ToLowerInvariant(),
        [] => "none",
        _ => "all",
    };

    /// <summary>The policies that were named, else those that lie in the dataset, else the starter policy.</summary>
    private static SafetyPolicy[] Policies(EvaluationOptions options, EvaluationDataset dataset)
    {
        string own = Path.Combine(dataset.Folder, "policies");
        SafetyPolicy[] policies = options.Policies.Count > 0 ? [.. options.Policies]
            : Directory.Exists(own) ? [.. Directory.EnumerateFiles(own, "*.yaml").Where(file => !DatasetPaths.IsSidecar(file)).Order(StringComparer.Ordinal).Select(SafetyPolicy.FromFile)]
            : [];
        SafetyPolicy[] chosen = policies.Length == 0 ? [SafetyPolicy.Starter] : policies;
        return chosen.GroupBy(policy => FolderName(policy.Name)).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new ArgumentException($"Two of the policies are called '{twice.First().Name}'. Their reports need names that differ.", nameof(options))
            : chosen;
    }

    /// <summary>A policy's name as a folder's: whatever could mean something to a file system becomes a dash.</summary>
    private static string FolderName(string policy) =>
        string.Concat(policy.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '-'));

    private static ImageSource? ImageOf(EvaluationDataset dataset, ReportMistake mistake) =>
        dataset.Samples.FirstOrDefault(sample => sample.Id == mistake.Sample) is { } sample ? dataset.Open(sample) : null;

    /// <summary>Adds to what a part of the work tells which part it is.</summary>
    private sealed class StepProgress(IProgress<EvaluationProgress> inner, string step) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => inner.Report(value with { Step = step });
    }
}
