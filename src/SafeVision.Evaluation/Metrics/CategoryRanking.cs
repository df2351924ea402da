namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// How well each category's score puts its own samples first. A value that is not defined is null, and means leave it out.
/// </summary>
/// <param name="AveragePrecision">One entry a category; null where no sample belongs to it.</param>
/// <param name="RocAuc">One entry a category; null where no sample, or every sample, belongs to it.</param>
/// <param name="Samples">How many samples each category's values rest on: those that were assessed.</param>
public sealed record CategoryRanking(
    IReadOnlyList<double?> AveragePrecision, IReadOnlyList<double?> RocAuc, IReadOnlyList<int> Samples)
{
    /// <summary>The mean of the defined average precisions; null when none is.</summary>
    public double? MacroAveragePrecision => AveragePrecision.Average();

    /// <summary>The mean of the defined ROC-AUCs; null when none is.</summary>
    public double? MacroRocAuc => RocAuc.Average();

    internal static CategoryRanking Of(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, int categories)
    {
        int samples = scores.Length / categories;
        var (precisions, areas, assessed) = (new double?[categories], new double?[categories], new int[categories]);
        var (labels, column) = (new bool[samples], new double[samples]);
        for (int category = 0; category < categories; category++)
        {
            int count = 0;
            for (int cell = category; cell < scores.Length; cell += categories)
            {
                if (!double.IsNaN(scores[cell]))
                {
                    (labels[count], column[count]) = (truth[cell], scores[cell]);
                    count++;
                }
            }

            var ranked = RankedSamples.From(labels.AsSpan(0, count), column.AsSpan(0, count));
            (precisions[category], areas[category], assessed[category]) = (ranked.AveragePrecision(), ranked.RocAuc(), count);
        }

        return new(precisions, areas, assessed);
    }
}
