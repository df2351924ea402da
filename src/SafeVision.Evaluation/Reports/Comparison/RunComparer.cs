using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Runs;
using SafeVision.Evaluation.Summaries;

namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Puts two runs side by side: engines, models, policies or transforms under the same images.</summary>
public static class RunComparer
{
    private const double Confidence = 0.95;

    /// <summary>Compares two runs on the samples that both answered.</summary>
    /// <param name="dataset">The dataset that both ran over; it may have more samples.</param>
    /// <param name="first">The run to compare with.</param>
    /// <param name="second">The run whose gain or loss is told.</param>
    /// <param name="options">At which points numbers are read and how often samples are drawn; null: the defaults.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="RunException">A run is of another dataset, or the two have no sample in common.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <remarks>
    /// Intervals are of the paired bootstrap: each resample is given to both runs, so that what makes an image hard for both
    /// cancels (Efron and Tibshirani 1993, section 16.4). Equal runs and options give equal numbers.
    /// </remarks>
    public static RunComparison Compare(
        EvaluationDataset dataset, EvaluationRun first, EvaluationRun second, SummaryOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        options ??= new SummaryOptions();
        CommonSamples common = CommonSamples.Of(dataset, first, second);
        ScoredRun left = ScoredRun.Create(dataset, common.First), right = ScoredRun.Create(dataset, common.Second);
        return new RunComparison
        {
            First = first.Identity,
            Second = second.Identity,
            Samples = left.Samples.Count,
            Metrics = Differences(left, right, options, cancellationToken),
            Changes = Changes(left, right),
            Notes = [.. common.Notes, .. Notes(left, right)],
        };
    }

    private static MetricDifference[] Differences(ScoredRun left, ScoredRun right, SummaryOptions options, CancellationToken cancellationToken)
    {
        var others = RunStatistics.Of(right, options).ToDictionary(Key);
        (RunStatistic First, RunStatistic Second)[] pairs =
            [.. RunStatistics.Of(left, options).Where(statistic => others.ContainsKey(Key(statistic))).Select(statistic => (statistic, others[Key(statistic)]))];
        (RunStatistic First, RunStatistic Second)[] resampled =
            [.. pairs.Where(pair => pair is { First: { Resampled: not null, Value: not null }, Second: { Resampled: not null, Value: not null } })];
        (double Lower, double Upper)[] ends = StatisticIntervals.Compute(
            left.Samples.Count,
            [.. resampled.Select(pair => (ResampledStatistic)(counts => pair.Second.Resampled!(counts) - pair.First.Resampled!(counts)))],
            options.Resamples,
            Confidence,
            left.Run.Identity.Seed,
            cancellationToken);
        var intervals = resampled.Zip(ends).ToDictionary(pair => pair.First.First, pair => pair.Second);
        return
        [
            .. pairs.Select(pair =>
            {
                (double lower, double upper) = intervals.GetValueOrDefault(pair.First, (double.NaN, double.NaN));
                MetricDescription? metric = MetricCatalog.Find(pair.First.Name);
                return new MetricDifference
                {
                    Name = pair.First.Name,
                    Category = pair.First.Category,
                    Detail = pair.First.Detail,
                    First = pair.First.Value ?? double.NaN,
                    Second = pair.Second.Value ?? double.NaN,
                    Lower = lower,
                    Upper = upper,
                    Support = Math.Min(pair.First.Support, pair.Second.Support),
                    Unit = metric?.Unit ?? MetricUnit.Count,
                    HigherIsBetter = metric?.HigherIsBetter,
                };
            }),
        ];

        static (string, string?, string?) Key(RunStatistic statistic) => (statistic.Name, statistic.Category, statistic.Detail);
    }

    private static VerdictChange[] Changes(ScoredRun left, ScoredRun right)
    {
        List<VerdictChange> changes = [];
        var others = right.Categories.ToDictionary(category => category.Id);
        foreach (ScoredCategory category in left.Categories.Where(category => others.ContainsKey(category.Id)))
        {
            ScoredCategory other = others[category.Id];
            for (int row = 0; row < left.Samples.Count; row++)
            {
                (Verdict before, Verdict after) = (VerdictOf(category, row), VerdictOf(other, row));
                if (before != after)
                {
                    changes.Add(new VerdictChange
                    {
                        Sample = left.Samples[row].Id,
                        Category = category.Id,
                        Applies = category.Applies[row],
                        First = before,
                        Second = after,
                        FirstScore = category.Scores[row],
                        SecondScore = other.Scores[row],
                    });
                }
            }
        }

        return [.. changes.OrderBy(change => change.Mended switch { false => 0, true => 1, null => 2 })];
    }

    private static Verdict VerdictOf(ScoredCategory category, int row) =>
        category.Flagged[row] ? Verdict.Unsafe : double.IsNaN(category.Scores[row]) ? Verdict.NotAssessed : Verdict.Safe;

    private static IEnumerable<string> Notes(ScoredRun left, ScoredRun right)
    {
        string[] one = [.. left.Categories.Select(category => category.Id)], other = [.. right.Categories.Select(category => category.Id)];
        if (one.Except(other).Concat(other.Except(one)).ToArray() is { Length: > 0 } alone)
        {
            yield return $"Only one of the two policies has these categories: {string.Join(", ", alone)}. Numbers of all categories together are therefore about different questions.";
        }

        if (left.Run.Identity.Transform != right.Run.Identity.Transform)
        {
            yield return $"The images of the first run went through '{left.Run.Identity.Transform}', those of the second through '{right.Run.Identity.Transform}'.";
        }

        yield return "An interval that holds 0 shows no difference. Of twenty intervals of runs that do not differ, one leaves out 0 by chance: one number out of many is no proof.";
    }
}
