namespace SafeVision.Evaluation.Summaries;

/// <summary>Sums a run up: numbers with intervals, curves, the confusion matrix, the worst mistakes, and what to know when reading them.</summary>
internal static class RunSummary
{
    private const int MostCurves = 12; // more lines than that nobody can tell apart

    /// <summary>Sums a run up. Equal runs give equal reports.</summary>
    public static EvaluationReport Create(
        ScoredRun run, SummaryOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SummaryOptions();
        IReadOnlyList<RunStatistic> statistics = RunStatistics.Of(run, options);
        return new EvaluationReport
        {
            Identity = run.Run.Identity,
            Metrics = Metrics(run, statistics, options, cancellationToken),
            Decisions = run.Run.Records.Count > 0 ? DecisionCounts.Of([.. run.Run.Records.Select(record => record.Result)]) : null,
            Curves = [.. Curves(run)],
            Confusion = Confusion(run),
            Mistakes = RunMistakes.Worst(run),
            Notes = [.. RunNotes.Of(run)],
        };
    }

    private static MetricValue[] Metrics(
        ScoredRun run, IReadOnlyList<RunStatistic> statistics, SummaryOptions options, CancellationToken cancellationToken)
    {
        RunStatistic[] resampled = [.. statistics.Where(statistic => statistic is { Resampled: not null, Value: not null })];
        (double? Lower, double? Upper)[] ends = Bootstrap.Intervals(
            run.Samples.Count, [.. resampled.Select(statistic => statistic.Resampled!)], options.Resamples, run.Run.Identity.Seed, cancellationToken);
        var intervals = resampled.Zip(ends).ToDictionary(pair => pair.First, pair => pair.Second);
        return
        [
            .. statistics.Select(statistic =>
            {
                (double? lower, double? upper) = intervals.GetValueOrDefault(statistic);
                return MetricCatalog.Value(statistic.Name, statistic.Value, statistic.Support, statistic.Category, statistic.Detail) with { Lower = lower, Upper = upper };
            }),
        ];
    }

    private static IEnumerable<ReportCurve> Curves(ScoredRun run)
    {
        foreach (ScoredCategory category in run.Categories.Take(MostCurves).Prepend(run.Any))
        {
            var assessed = AssessedSamples.Of(category);
            if (RankingMetrics.RocCurve(assessed.Truth, assessed.Scores) is { } roc)
            {
                yield return new ReportCurve(CurveKind.Roc, category.Id, [.. roc.FalsePositiveRates.Zip(roc.TruePositiveRates, (x, y) => new CurvePoint(x, y))]);
            }

            if (RankingMetrics.PrecisionRecallCurve(assessed.Truth, assessed.Scores) is { } curve)
            {
                yield return new ReportCurve(CurveKind.PrecisionRecall, category.Id, [.. curve.Recalls.Zip(curve.Precisions, (x, y) => new CurvePoint(x, y))]);
            }

            if (CalibrationMetrics.Error(assessed.Truth, assessed.Scores) is { } calibration)
            {
                yield return new ReportCurve(CurveKind.Reliability, category.Id, [.. calibration.Bins.Select(bin => new CurvePoint(bin.Confidence, bin.Accuracy))]);
            }
        }
    }

    private static ConfusionTable? Confusion(ScoredRun run)
    {
        if (run.Categories.Count == 0 || run.Samples.Count == 0)
        {
            return null;
        }

        int classes = run.Categories.Count + 1;
        var counts = new int[classes][];
        for (int i = 0; i < classes; i++)
        {
            counts[i] = new int[classes];
        }

        for (int row = 0; row < run.Samples.Count; row++)
        {
            int[] labels = [.. Enumerable.Range(0, classes - 1).Where(i => run.Categories[i].Applies[row])];
            if (labels.Length > 1)
            {
                return null;
            }

            int found = Enumerable.Range(0, classes - 1).Where(i => run.Categories[i].Flagged[row]).DefaultIfEmpty(-1).MaxBy(i => i < 0 ? 0 : run.Categories[i].Scores[row]);
            counts[labels.Length == 0 ? 0 : labels[0] + 1][found + 1]++;
        }

        return new ConfusionTable(["safe", .. run.Categories.Select(category => category.Id)], counts);
    }
}

/// <summary>At which points a run is summed up.</summary>
internal sealed class SummaryOptions
{
    public const double Recall = 0.95; // the recall at which false alarms are counted
    public const double FalsePositiveRate = 0.05; // the false positive rate at which recall is read

    /// <summary>The share of harmful images where the guardrail will work, above 0 and below 1: a test set has far more of them, so
    /// its precision is not what a moderator will see. Default: 0.01.</summary>
    public double Prevalence
    {
        get;
        init => field = value is > 0 and < 1 ? value : throw new ArgumentOutOfRangeException(nameof(Prevalence), value, "A prevalence is above 0 and below 1.");
    } = 0.01;

    public int Resamples { get; init; } = 1_000; // how many resamples an interval rests on. Default: 1,000.
}

/// <summary>Finds the mistakes that teach most: those where the score is furthest on the wrong side.</summary>
internal static class RunMistakes
{
    private const int Most = 24;

    /// <summary>The worst mistakes, misses and false alarms in turn, so that the commoner kind does not hide the other.</summary>
    public static IReadOnlyList<ReportMistake> Worst(ScoredRun run)
    {
        ReportMistake[] mistakes = [.. All(run).OrderByDescending(mistake => mistake.Severity).ThenBy(mistake => mistake.Sample, StringComparer.Ordinal)];
        ReportMistake[] misses = [.. mistakes.Where(mistake => mistake.Missed)], alarms = [.. mistakes.Where(mistake => !mistake.Missed)];
        List<ReportMistake> worst = [];
        for (int i = 0; worst.Count < Most && i < Math.Max(misses.Length, alarms.Length); i++)
        {
            worst.AddRange(misses.Skip(i).Take(1));
            worst.AddRange(alarms.Skip(i).Take(1));
        }

        return [.. worst.Take(Most)];
    }

    private static IEnumerable<ReportMistake> All(ScoredRun run)
    {
        foreach (ScoredCategory category in run.Categories)
        {
            for (int row = 0; row < run.Samples.Count; row++)
            {
                if (category.Applies[row] != category.Flagged[row]
                    && run.Run.Records[row].Result.Find(category.Id) is { } finding)
                {
                    yield return new ReportMistake
                    {
                        Sample = run.Samples[row].Id,
                        Category = category.Id,
                        Missed = category.Applies[row],
                        Severity = finding.Score is { } score ? Math.Abs(score - finding.Threshold) : 1,
                        Labels = run.Samples[row].Labels,
                        Finding = finding,
                    };
                }
            }
        }
    }
}
