namespace SafeVision.Evaluation.Reports.Comparison;

/// <summary>Puts two runs side by side: engines, models, policies or transforms under the same images.</summary>
internal static class RunComparer
{
    /// <summary>Compares two runs on the samples that both answered, and tells what the second gains or loses.</summary>
    /// <exception cref="EvaluationException">A run is of another dataset, or the two have no sample in common.</exception>
    /// <remarks>Intervals are of the paired bootstrap: each resample is given to both runs, so that what makes an image hard for
    /// both cancels (Efron and Tibshirani 1993, section 16.4). Equal runs and options give equal numbers.</remarks>
    public static RunComparison Compare(
        EvaluationDataset dataset, EvaluationRun first, EvaluationRun second, SummaryOptions? options = null, CancellationToken cancellationToken = default)
    {
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
        (double? Lower, double? Upper)[] ends = Bootstrap.Intervals(
            left.Samples.Count,
            [.. resampled.Select(pair => (ResampledStatistic)(counts => pair.Second.Resampled!(counts) - pair.First.Resampled!(counts)))],
            options.Resamples,
            left.Run.Identity.Seed,
            cancellationToken);
        var intervals = resampled.Zip(ends).ToDictionary(pair => pair.First.First, pair => pair.Second);
        return
        [
            .. pairs.Select(pair =>
            {
                (double? lower, double? upper) = intervals.GetValueOrDefault(pair.First);
                MetricDescription? metric = MetricCatalog.Find(pair.First.Name);
                return new MetricDifference
                {
                    Name = pair.First.Name,
                    Category = pair.First.Category,
                    Detail = pair.First.Detail,
                    First = pair.First.Value,
                    Second = pair.Second.Value,
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
                        FirstScore = Defined(category.Scores[row]),
                        SecondScore = Defined(other.Scores[row]),
                    });
                }
            }
        }

        return [.. changes.OrderBy(change => change.Mended switch { false => 0, true => 1, null => 2 })];
    }

    private static double? Defined(double score) => double.IsNaN(score) ? null : score;

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

/// <summary>Two runs cut down to the samples that both answered, in one order, and what was left out.</summary>
/// <param name="First">The first run's answers.</param>
/// <param name="Second">The second run's answers, in the order of the first.</param>
internal sealed record CommonSamples(EvaluationRun First, EvaluationRun Second, IReadOnlyList<string> Notes)
{
    /// <exception cref="EvaluationException">The runs are of different datasets, or have no sample in common.</exception>
    public static CommonSamples Of(EvaluationDataset dataset, EvaluationRun first, EvaluationRun second)
    {
        if (first.Identity.DatasetHash != second.Identity.DatasetHash)
        {
            throw new EvaluationException(
                $"The runs are of different datasets: {Name(first.Identity)} and {Name(second.Identity)}. Numbers can be compared under the same images and truth only; run both over one dataset.");
        }

        var known = dataset.Samples.Select(sample => sample.Id).ToHashSet(StringComparer.Ordinal);
        ThrowIfTwice(first);
        ThrowIfTwice(second);
        var answers = second.Records.ToDictionary(record => record.Sample, StringComparer.Ordinal);
        List<EvaluationRecord> left = [], right = [];
        int changed = 0, unknown = 0;
        foreach (EvaluationRecord record in first.Records)
        {
            if (!answers.TryGetValue(record.Sample, out EvaluationRecord? other))
            {
                continue;
            }

            if (record.ImageHash != other.ImageHash)
            {
                changed++;
            }
            else if (!known.Contains(record.Sample))
            {
                unknown++;
            }
            else
            {
                left.Add(record);
                right.Add(other);
            }
        }

        if (left.Count == 0)
        {
            throw new EvaluationException(
                $"The runs are not of the same samples: the first has {first.Records.Count} answers, the second {second.Records.Count}, and none is about the same image"
                + $"{(changed > 0 ? $" ({changed} files changed between the runs)" : "")}{(unknown > 0 ? $" ({unknown} are not among the dataset's samples chosen here)" : "")}. Run both over the same samples.");
        }

        List<string> notes = [];
        int union = first.Records.Count + second.Records.Count - left.Count - changed - unknown;
        if (union > left.Count)
        {
            notes.Add($"The runs are not of the same samples: the first has {first.Records.Count} answers, the second {second.Records.Count}. All numbers are about the {left.Count} that both have.");
        }

        if (changed > 0)
        {
            notes.Add($"{changed} images were left out: their files changed between the runs.");
        }

        if (unknown > 0)
        {
            notes.Add($"{unknown} answers were left out: they are about samples that were not chosen here.");
        }

        return new CommonSamples(first with { Records = left }, second with { Records = right }, notes);
    }

    private static void ThrowIfTwice(EvaluationRun run)
    {
        if (run.Records.GroupBy(record => record.Sample, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new EvaluationException($"A run over {Name(run.Identity)} has two answers for the sample '{ReportText.Name(twice.Key)}'. Remove its records and judge the samples anew.");
        }
    }

    private static string Name(RunIdentity identity) => $"{identity.Dataset} {identity.DatasetVersion} ({ReportText.Short(identity.DatasetHash)})";
}
