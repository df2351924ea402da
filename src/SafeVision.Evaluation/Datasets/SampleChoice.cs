using System.Security.Cryptography;
using System.Text;

namespace SafeVision.Evaluation.Datasets;

/// <summary>Chooses some of a dataset's samples, the same ones on every machine.</summary>
public static class SampleChoice
{
    /// <summary>At most so many samples, in the dataset's order; which ones depends on the seed and their ids alone.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="seed">Another seed, another choice.</param>
    public static EvaluationDataset Take(EvaluationDataset dataset, int count, long seed)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (dataset.Samples.Count <= count)
        {
            return dataset;
        }

        var chosen = dataset.Samples
            .OrderBy(sample => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{sample.Id}"))), StringComparer.Ordinal)
            .Take(count)
            .ToHashSet();
        return dataset.With([.. dataset.Samples.Where(chosen.Contains)]);
    }
}
