namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Metrics of several categories for each sample, any number of which may apply. Tables are row-major, one row a sample, one
/// column a category.
/// </summary>
public static class MultilabelMetrics
{
    /// <summary>Compares decisions with the truth.</summary>
    /// <param name="truth">[samples, categories]: whether the category truly applies.</param>
    /// <param name="predicted">[samples, categories]: whether it was flagged.</param>
    /// <param name="categories">The number of categories, 1 or more.</param>
    /// <exception cref="ArgumentException">The tables differ in size, or have no whole number of rows.</exception>
    public static MultilabelScores Compare(ReadOnlySpan<bool> truth, ReadOnlySpan<bool> predicted, int categories)
    {
        MetricInput.SameLength(truth.Length, predicted.Length, nameof(predicted));
        int samples = MetricInput.Rows(truth.Length, categories, nameof(truth));
        var (hits, alarms, misses) = (new long[categories], new long[categories], new long[categories]);
        int exact = 0, bothEmpty = 0;
        double overlap = 0;
        for (int i = 0; i < samples; i++)
        {
            int shared = 0, united = 0;
            for (int category = 0; category < categories; category++)
            {
                bool applies = truth[(i * categories) + category], flagged = predicted[(i * categories) + category];
                hits[category] += applies & flagged ? 1 : 0;
                alarms[category] += !applies & flagged ? 1 : 0;
                misses[category] += applies & !flagged ? 1 : 0;
                shared += applies & flagged ? 1 : 0;
                united += applies | flagged ? 1 : 0;
            }

            exact += shared == united ? 1 : 0;
            bothEmpty += united == 0 ? 1 : 0;
            overlap += united == 0 ? 1 : (double)shared / united;
        }

        BinaryConfusion[] counts =
        [
            .. Enumerable.Range(0, categories).Select(category => new BinaryConfusion(
                hits[category], alarms[category], samples - hits[category] - alarms[category] - misses[category], misses[category])),
        ];
        return new(
            samples,
            samples == 0 ? null : (double)exact / samples,
            samples == 0 ? null : overlap / samples,
            bothEmpty,
            samples == 0 ? null : 1 - ((double)(alarms.Sum() + misses.Sum()) / truth.Length),
            AveragedScores.From([.. counts.Select(one => (one.TruePositives, one.TruePositives + one.FalsePositives, one.Positives))]),
            counts);
    }

    /// <summary>Average precision and ROC-AUC of each category.</summary>
    /// <param name="truth">[samples, categories]: whether the category truly applies.</param>
    /// <param name="scores">[samples, categories]: the scores; NaN where a category was not assessed, which leaves the sample out of that category.</param>
    /// <param name="categories">The number of categories, 1 or more.</param>
    /// <exception cref="ArgumentException">The tables differ in size, have no whole number of rows, or a score is infinite.</exception>
    public static CategoryRanking Rank(ReadOnlySpan<bool> truth, ReadOnlySpan<double> scores, int categories)
    {
        MetricInput.SameLength(truth.Length, scores.Length, nameof(scores));
        MetricInput.Rows(scores.Length, categories, nameof(scores));
        return CategoryRanking.Of(truth, scores, categories);
    }
}
