using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Summaries;

/// <summary>The samples for which a category was assessed: those that have a score to rank by.</summary>
internal sealed class AssessedSamples
{
    private readonly int[] _samples;

    private AssessedSamples(int[] samples, bool[] truth, double[] scores)
    {
        (_samples, Truth, Scores) = (samples, truth, scores);
        Positives = truth.Count(applies => applies);
        Ranked = RankedSamples.From(truth, scores);
    }

    public bool[] Truth { get; }

    public double[] Scores { get; }

    public int Count => Truth.Length;

    public int Positives { get; }

    public RankedSamples Ranked { get; }

    public static AssessedSamples Of(ScoredCategory category)
    {
        int[] samples = [.. Enumerable.Range(0, category.Scores.Count).Where(i => !double.IsNaN(category.Scores[i]))];
        return new AssessedSamples(samples, [.. samples.Select(i => category.Applies[i])], [.. samples.Select(i => category.Scores[i])]);
    }

    /// <summary>How often each of these samples counts, out of the counts of all.</summary>
    public int[] Pick(ReadOnlySpan<int> counts)
    {
        var picked = new int[_samples.Length];
        for (int i = 0; i < picked.Length; i++)
        {
            picked[i] = counts[_samples[i]];
        }

        return picked;
    }
}
