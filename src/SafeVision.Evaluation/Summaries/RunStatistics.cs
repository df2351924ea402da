namespace SafeVision.Evaluation.Summaries;

/// <summary>The numbers that a run is summed up in, all computed from a <see cref="ScoredRun"/> and nothing else.</summary>
internal static class RunStatistics
{
    /// <summary>The numbers: of all categories together first, then of each.</summary>
    public static IReadOnlyList<RunStatistic> Of(ScoredRun run, SummaryOptions? options = null)
    {
        options ??= new SummaryOptions();
        if (run.Samples.Count == 0)
        {
            return [];
        }

        var statistics = new StatisticList(run.Samples.Count);
        AssessedSamples[] assessed = [.. run.Categories.Select(AssessedSamples.Of)];
        if (run.Categories.Count > 0)
        {
            AddVerdicts(statistics, run.Any, null, options);

            // Of all findings, and not of images of which nothing was assessed: those hide a category that no engine knows.
            statistics.Add("notAssessed", null, run.Samples.Count, Enumerable.Range(0, run.Samples.Count).Select(row => run.Categories.Average(category => NotAssessed(category.Scores[row]))));
            AddRanking(statistics, AssessedSamples.Of(run.Any), null);
            AddMeans(statistics, run, assessed);
        }

        AddDecisions(statistics, run);
        AddReasons(statistics, run);
        AddCost(statistics, run);
        foreach ((ScoredCategory category, AssessedSamples samples) in run.Categories.Zip(assessed))
        {
            AddVerdicts(statistics, category, category.Id, options);
            statistics.Add("notAssessed", category.Id, category.Scores.Count, category.Scores.Select(NotAssessed));
            AddRanking(statistics, samples, category.Id);
        }

        return statistics.All;
    }

    private static void AddVerdicts(StatisticList statistics, ScoredCategory category, string? id, SummaryOptions options)
    {
        (bool[] truth, bool[] flagged) = ([.. category.Applies], [.. category.Flagged]);
        int all = truth.Length, positives = truth.Count(applies => applies);
        int fewer = Math.Min(positives, all - positives);
        Add("accuracy", all, confusion => confusion.Accuracy);
        Add("balancedAccuracy", fewer, confusion => confusion.BalancedAccuracy);
        Add("precision", flagged.Count(flag => flag), confusion => confusion.TruePositives + confusion.FalsePositives > 0 ? confusion.Positive.Precision : null);
        Add("recall", positives, confusion => confusion.TruePositiveRate);
        Add("f1", positives, confusion => confusion.Positives > 0 ? confusion.Positive.F1 : null);
        Add("falsePositiveRate", all - positives, confusion => confusion.FalsePositiveRate);
        Add("kappa", fewer, confusion => confusion.Kappa);
        Add("mcc", fewer, confusion => confusion.MatthewsCorrelation);
        Add("prevalence", all, confusion => confusion.Total > 0 ? (double)confusion.Positives / confusion.Total : null);
        Add("precisionAtPrevalence", fewer, confusion => confusion.PrecisionAtPrevalence(options.Prevalence), Text(options.Prevalence));

        void Add(string name, int support, Func<BinaryConfusion, double?> value, string? detail = null) =>
            statistics.Add(name, id, support, counts => value(BinaryMetrics.Confusion(truth, flagged, counts)), detail);
    }

    private static void AddRanking(StatisticList statistics, AssessedSamples assessed, string? id)
    {
        (bool[] truth, double[] scores) = (assessed.Truth, assessed.Scores);
        int fewer = Math.Min(assessed.Positives, assessed.Count - assessed.Positives);
        statistics.Add("rocAuc", id, fewer, counts => assessed.Ranked.RocAuc(assessed.Pick(counts)));
        statistics.Add("averagePrecision", id, assessed.Positives, counts => assessed.Ranked.AveragePrecision(assessed.Pick(counts)));

        // Read off the whole curve, without an interval: each resample would have to be sorted into thresholds anew.
        statistics.Add("falsePositiveRateAtRecall", id, fewer, RankingMetrics.AtRecall(truth, scores, SummaryOptions.Recall)?.FalsePositiveRate, Text(SummaryOptions.Recall));
        statistics.Add(
            "recallAtFalsePositiveRate", id, fewer, RankingMetrics.AtFalsePositiveRate(truth, scores, SummaryOptions.FalsePositiveRate)?.TruePositiveRate, Text(SummaryOptions.FalsePositiveRate));
        statistics.Add("bestF1", id, assessed.Positives, RankingMetrics.BestF1(truth, scores)?.F1);
        CalibrationError? calibration = CalibrationMetrics.Error(truth, scores);
        statistics.Add("expectedCalibrationError", id, assessed.Count, calibration?.Expected);
        statistics.Add("maximumCalibrationError", id, assessed.Count, calibration?.Maximum);
        statistics.Add("brierScore", id, assessed.Count, CalibrationMetrics.Brier(truth, scores));
    }

    private static void AddMeans(StatisticList statistics, ScoredRun run, AssessedSamples[] assessed)
    {
        (bool[] Truth, bool[] Flagged)[] columns = [.. run.Categories.Select(category => ((bool[])[.. category.Applies], (bool[])[.. category.Flagged]))];
        int positives = columns.Sum(column => column.Truth.Count(applies => applies));
        Add("macroPrecision", columns.Length, scores => scores.Macro.Precision);
        Add("macroRecall", columns.Length, scores => scores.Macro.Recall);
        Add("macroF1", columns.Length, scores => scores.Macro.F1);
        Add("microF1", positives, scores => scores.Micro.F1);
        Add("weightedF1", positives, scores => scores.Weighted.F1);

        int[] rows = [.. Enumerable.Range(0, run.Samples.Count)];
        statistics.Add("exactMatch", null, rows.Length, rows.Select(row => columns.All(column => column.Truth[row] == column.Flagged[row]) ? 1.0 : 0.0));
        statistics.Add("jaccard", null, rows.Length, rows.Select(row =>
        {
            int united = columns.Count(column => column.Truth[row] || column.Flagged[row]);
            return united == 0 ? 1.0 : (double)columns.Count(column => column.Truth[row] && column.Flagged[row]) / united;
        }));

        statistics.Add("macroRocAuc", null, assessed.Length, counts => Mean(assessed, counts, (one, picked) => one.Ranked.RocAuc(picked)));
        statistics.Add("macroAveragePrecision", null, assessed.Length, counts => Mean(assessed, counts, (one, picked) => one.Ranked.AveragePrecision(picked)));

        void Add(string name, int support, Func<AveragedScores, double> value) => statistics.Add(name, null, support, counts =>
        {
            var cells = new (long, long, long)[columns.Length];
            for (int i = 0; i < cells.Length; i++)
            {
                BinaryConfusion confusion = BinaryMetrics.Confusion(columns[i].Truth, columns[i].Flagged, counts);
                cells[i] = (confusion.TruePositives, confusion.TruePositives + confusion.FalsePositives, confusion.Positives);
            }

            return value(AveragedScores.From(cells));
        });
    }

    private static void AddDecisions(StatisticList statistics, ScoredRun run)
    {
        Add("failed", record => record.Failure is not null);
        Add("allowed", record => record.Decision is Decision.Allow);
        Add("blocked", record => record.Decision is Decision.Block);
        Add("reviewed", record => record.Decision is Decision.Review);

        void Add(string name, Func<GuardrailResult, bool> holds) =>
            statistics.Add(name, null, run.Samples.Count, run.Run.Records.Select(record => holds(record.Result) ? 1.0 : 0.0));
    }

    /// <summary>How close the reasons of rightly flagged categories come to the reference, where the dataset has one.</summary>
    private static void AddReasons(StatisticList statistics, ScoredRun run)
    {
        List<(int Sample, double Value)> values = [];
        for (int row = 0; row < run.Samples.Count; row++)
        {
            foreach (Finding finding in run.Run.Records[row].Result.Findings)
            {
                if (finding.Verdict is Verdict.Unsafe && run.Samples[row].Labels.Contains(finding.Category)
                    && run.Samples[row].Reasons.TryGetValue(finding.Category, out string? reference))
                {
                    values.Add((row, TextMetrics.RougeL(finding.Evidence.Words ?? finding.Reason, reference).F1));
                }
            }
        }

        if (values.Count > 0)
        {
            statistics.Add("rougeL", null, values.Count, Bootstrap.MeanOf(values));
        }
    }

    private static void AddCost(StatisticList statistics, ScoredRun run)
    {
        GuardrailResult[] judged = [.. run.Run.Records.Select(record => record.Result).Where(result => result.Failure is null)];
        if (judged.Length == 0)
        {
            return;
        }

        if (judged.Any(result => result.Provenance.Tokens is not null))
        {
            statistics.Add("tokensRead", null, judged.Length, judged.Average(result => result.Provenance.Tokens?.Prompt ?? 0));
            statistics.Add("tokensWritten", null, judged.Length, judged.Average(result => result.Provenance.Tokens?.Written ?? 0));
        }

        // An engine that a cascade did not reach is not among the models of a result.
        int engines = judged.Max(Engines);
        if (engines > 1)
        {
            int fewest = judged.Min(Engines);
            statistics.Add("escalated", null, judged.Length, judged.Average(result => Engines(result) > fewest ? 1.0 : 0.0));
        }

        static int Engines(GuardrailResult result) => result.Provenance.Models.Count;
    }

    /// <summary>The mean over the categories for which the number is defined; null where it is defined for none.</summary>
    private static double? Mean(AssessedSamples[] categories, ReadOnlySpan<int> counts, Func<AssessedSamples, int[], double?> number)
    {
        (double sum, int defined) = (0, 0);
        foreach (AssessedSamples category in categories)
        {
            if (number(category, category.Pick(counts)) is { } value)
            {
                (sum, defined) = (sum + value, defined + 1);
            }
        }

        return defined > 0 ? sum / defined : null;
    }

    private static double NotAssessed(double score) => double.IsNaN(score) ? 1 : 0;

    private static string Text(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);
}

/// <summary>One number of a run.</summary>
/// <param name="Category">The category's id; null for all together.</param>
/// <param name="Detail">What it was measured at; null where the name says all.</param>
/// <param name="Value">The number; null where it is not defined.</param>
/// <param name="Resampled">The number as a function of how often each sample counts, for intervals and comparisons;
/// null where only the whole set gives it.</param>
internal sealed record RunStatistic(string Name, string? Category, string? Detail, int Support, double? Value, ResampledStatistic? Resampled);

/// <summary>Numbers being gathered.</summary>
internal sealed class StatisticList(int samples)
{
    private readonly List<RunStatistic> _all = [];
    private readonly int[] _once = [.. Enumerable.Repeat(1, samples)];

    public IReadOnlyList<RunStatistic> All => _all;

    /// <summary>A number that every resample gives anew.</summary>
    public void Add(string name, string? category, int support, ResampledStatistic statistic, string? detail = null) =>
        _all.Add(new RunStatistic(name, category, detail, support, statistic(_once), statistic));

    /// <summary>The mean of one value a sample.</summary>
    public void Add(string name, string? category, int support, IEnumerable<double> values) =>
        Add(name, category, support, Bootstrap.Mean(values));

    /// <summary>A number of the whole set only.</summary>
    public void Add(string name, string? category, int support, double? value, string? detail = null) =>
        _all.Add(new RunStatistic(name, category, detail, support, value, null));
}
