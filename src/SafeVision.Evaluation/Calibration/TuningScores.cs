namespace SafeVision.Evaluation.Calibration;

/// <summary>The scores of one category on some samples, apart by whether it applies.</summary>
/// <param name="Positives">Scores of the samples to which it applies.</param>
/// <param name="Negatives">Scores of the others.</param>
/// <param name="PositivesNotAssessed">Samples to which it applies and for which no engine judged it.</param>
/// <param name="NotAssessed">All samples for which no engine judged it.</param>
internal sealed record TuningScores(double[] Positives, double[] Negatives, int PositivesNotAssessed, int NotAssessed)
{
    public static TuningScores Of(string category, IReadOnlyList<TuningSample> samples)
    {
        (List<double> positives, List<double> negatives) = ([], []);
        int positivesNotAssessed = 0, notAssessed = 0;
        foreach (TuningSample sample in samples)
        {
            bool applies = sample.Sample.Labels.Contains(category, StringComparer.OrdinalIgnoreCase);
            Finding? finding = sample.Record.Result.Findings.FirstOrDefault(one => one.Category.Equals(category, StringComparison.OrdinalIgnoreCase));
            if (finding is { Verdict: not Verdict.NotAssessed, Score: >= 0 and <= 1 })
            {
                (applies ? positives : negatives).Add(finding.Score);
            }
            else
            {
                notAssessed++;
                positivesNotAssessed += applies ? 1 : 0;
            }
        }

        return new([.. positives], [.. negatives], positivesNotAssessed, notAssessed);
    }

    /// <summary>What a threshold does on these samples; null without any.</summary>
    public ThresholdEffect? Effect(double threshold, TuningOptions options) => Positives.Length + Negatives.Length == 0 ? null : ThresholdEffect.Measure(
        [.. Enumerable.Repeat(true, Positives.Length), .. Enumerable.Repeat(false, Negatives.Length)],
        [.. Positives, .. Negatives],
        threshold,
        options.Prevalence,
        options.IntervalConfidence);
}
