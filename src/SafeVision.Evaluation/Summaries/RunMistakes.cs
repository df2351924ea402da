using SafeVision.Evaluation.Reports;

namespace SafeVision.Evaluation.Summaries;

/// <summary>Finds the mistakes that teach most: those where the score is furthest on the wrong side.</summary>
internal static class RunMistakes
{
    /// <summary>The worst mistakes, misses and false alarms in turn, so that the commoner kind does not hide the other.</summary>
    public static IReadOnlyList<ReportMistake> Worst(ScoredRun run, int count)
    {
        ReportMistake[] mistakes = [.. All(run).OrderByDescending(mistake => mistake.Severity).ThenBy(mistake => mistake.Sample, StringComparer.Ordinal)];
        ReportMistake[] misses = [.. mistakes.Where(mistake => mistake.Missed)], alarms = [.. mistakes.Where(mistake => !mistake.Missed)];
        List<ReportMistake> worst = [];
        for (int i = 0; worst.Count < count && i < Math.Max(misses.Length, alarms.Length); i++)
        {
            worst.AddRange(misses.Skip(i).Take(1));
            worst.AddRange(alarms.Skip(i).Take(1));
        }

        return [.. worst.Take(count)];
    }

    private static IEnumerable<ReportMistake> All(ScoredRun run)
    {
        foreach (ScoredCategory category in run.Categories)
        {
            for (int row = 0; row < run.Samples.Count; row++)
            {
                if (category.Applies[row] != category.Flagged[row]
                    && run.Run.Records[row].Result.Findings.FirstOrDefault(finding => finding.Category == category.Id) is { } finding)
                {
                    yield return new ReportMistake
                    {
                        Sample = run.Samples[row].Id,
                        Category = category.Id,
                        Missed = category.Applies[row],
                        Severity = double.IsNaN(finding.Score) ? 1 : Math.Abs(finding.Score - finding.Threshold),
                        Labels = run.Samples[row].Labels,
                        Finding = finding,
                    };
                }
            }
        }
    }
}
