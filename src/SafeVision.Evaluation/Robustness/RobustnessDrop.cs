using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Reports.Comparison;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;

namespace SafeVision.Evaluation.Robustness;

/// <summary>What a guardrail loses when its images are disturbed.</summary>
public static class RobustnessDrop
{
    private const double Confidence = 0.95;

    /// <summary>The numbers whose loss is told, of all categories together.</summary>
    private static readonly string[] OfAll = ["recall", "falsePositiveRate", "f1", "macroF1", "rocAuc", "averagePrecision", "macroRocAuc", "macroAveragePrecision"];

    /// <summary>Those of each category.</summary>
    private static readonly string[] OfEach = ["recall", "falsePositiveRate", "rocAuc"];

    /// <summary>
    /// The loss of each number, above 0 where the disturbed run is worse, with the interval of a paired bootstrap; and the share
    /// of decisions that changed. The detail of each names the transform and the number: <c>jpeg-20 recall</c>.
    /// </summary>
    /// <param name="dataset">The dataset of both runs.</param>
    /// <param name="plain">The run over the images as they are.</param>
    /// <param name="disturbed">The run over the same images through a transform.</param>
    /// <param name="options">How often samples are drawn for intervals; null: the defaults.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="RunException">The runs differ in more than the transform, or have no sample in common.</exception>
    public static IReadOnlyList<MetricValue> Of(
        EvaluationDataset dataset, EvaluationRun plain, EvaluationRun disturbed, SummaryOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(disturbed);
        options ??= new SummaryOptions();
        ThrowIfOtherwiseDifferent(plain.Identity, disturbed.Identity);
        string transform = disturbed.Identity.Transform;
        RunComparison comparison = RunComparer.Compare(dataset, plain, disturbed, options, cancellationToken);
        return
        [
            ChangedDecisions(plain, disturbed, transform, options),
            .. comparison.Metrics
                .Where(metric => metric.HigherIsBetter is not null && metric.Detail is null && (metric.Category is null ? OfAll : OfEach).Contains(metric.Name))
                .Select(metric => Loss(metric, transform)),
        ];
    }

    private static MetricValue Loss(MetricDifference metric, string transform)
    {
        bool higher = metric.HigherIsBetter == true;
        return MetricCatalog.Value("robustnessDrop", higher ? -metric.Difference : metric.Difference, metric.Support, metric.Category, $"{transform} {metric.Name}") with
        {
            Lower = higher ? -metric.Upper : metric.Lower,
            Upper = higher ? -metric.Lower : metric.Upper,
        };
    }

    private static MetricValue ChangedDecisions(EvaluationRun plain, EvaluationRun disturbed, string transform, SummaryOptions options)
    {
        var others = disturbed.Records.ToDictionary(record => record.Sample, record => record.Result.Decision, StringComparer.Ordinal);
        double[] changed = [.. plain.Records.Where(record => others.ContainsKey(record.Sample)).Select(record => record.Result.Decision == others[record.Sample] ? 0.0 : 1.0)];
        BootstrapInterval interval = Bootstrap.Interval(
            changed.Length,
            Bootstrap.Mean(changed),
            new SeededRandom(unchecked((ulong)plain.Identity.Seed)),
            new BootstrapOptions { Resamples = options.Resamples, Confidence = Confidence });
        return MetricCatalog.Value("decisionChangeRate", changed.Average(), changed.Length, null, transform) with
        {
            Lower = interval.Low ?? double.NaN,
            Upper = interval.High ?? double.NaN,
        };
    }

    private static void ThrowIfOtherwiseDifferent(RunIdentity plain, RunIdentity disturbed)
    {
        if (plain.Transform != "none" || disturbed.Transform == "none")
        {
            throw new RunException($"A loss is told of a run without a transform and one with it; these went through '{plain.Transform}' and '{disturbed.Transform}'.");
        }

        if (plain.PolicyHash != disturbed.PolicyHash || !plain.Models.SequenceEqual(disturbed.Models))
        {
            throw new RunException("The runs differ in policy or models too, so a loss could be theirs. Run both with the same.");
        }
    }
}
