namespace SafeVision.Evaluation.Summaries;

/// <summary>A run laid beside the truth: what every number is computed from. Immutable.</summary>
/// <remarks>It holds the categories that the policy has and the dataset was annotated for. A category that no engine assessed
/// counts as not flagged, so that it shows as missed and never as right; a failed image likewise. What the policy does about both,
/// block or review, is what <see cref="Decisions"/> tell.</remarks>
internal sealed class ScoredRun
{
    private ScoredRun()
    {
    }

    public required EvaluationRun Run { get; init; }

    /// <summary>The samples that have an answer, in the run's order.</summary>
    public required IReadOnlyList<EvaluationSample> Samples { get; init; }

    public required IReadOnlyList<ScoredCategory> Categories { get; init; } // the categories, in the policy's order

    /// <summary>The ids of the policy's categories that the dataset says nothing about.</summary>
    public required IReadOnlyList<string> NotAnnotated { get; init; }

    /// <summary>Any category: whether one applies, the highest score that was assessed, whether one was flagged.</summary>
    public required ScoredCategory Any { get; init; }

    public required IReadOnlyList<Decision> Decisions { get; init; } // the decision for each sample

    /// <summary>Lays a run beside its dataset.</summary>
    /// <param name="dataset">The dataset that was run; it may have more samples.</param>
    /// <param name="run">The run; it may be incomplete.</param>
    /// <exception cref="EvaluationException">The run is of another dataset, or names a sample that the dataset does not have.</exception>
    public static ScoredRun Create(EvaluationDataset dataset, EvaluationRun run)
    {
        EvaluationSample[] samples = run.SamplesOf(dataset);
        IReadOnlyList<string> policy = run.Categories;
        ScoredCategory[] categories = [.. policy.Where(dataset.Categories.Contains).Select(id => Score(id, samples, run.Records))];
        return new ScoredRun
        {
            Run = run,
            Samples = samples,
            Categories = categories,
            NotAnnotated = [.. policy.Except(dataset.Categories)],
            Any = OfAny(categories, samples.Length),
            Decisions = [.. run.Records.Select(record => record.Result.Decision)],
        };
    }

    private static ScoredCategory Score(string id, EvaluationSample[] samples, IReadOnlyList<EvaluationRecord> records)
    {
        (var applies, var scores, var flagged) = (new bool[samples.Length], new double[samples.Length], new bool[samples.Length]);
        for (int i = 0; i < samples.Length; i++)
        {
            Finding? finding = records[i].Result.Find(id);
            applies[i] = samples[i].Labels.Contains(id);
            scores[i] = finding?.Score ?? double.NaN;
            flagged[i] = finding is { Verdict: Verdict.Unsafe };
        }

        return new ScoredCategory(id, applies, scores, flagged);
    }

    private static ScoredCategory OfAny(ScoredCategory[] categories, int samples)
    {
        (var applies, var scores, var flagged) = (new bool[samples], new double[samples], new bool[samples]);
        Array.Fill(scores, double.NaN);
        foreach (ScoredCategory category in categories)
        {
            for (int i = 0; i < samples; i++)
            {
                applies[i] |= category.Applies[i];
                flagged[i] |= category.Flagged[i];
                scores[i] = double.IsNaN(scores[i]) || category.Scores[i] > scores[i] ? category.Scores[i] : scores[i];
            }
        }

        return new ScoredCategory("any", applies, scores, flagged);
    }
}

/// <summary>Truth and answer for one category, sample by sample.</summary>
/// <param name="Applies">Whether it is true of the sample.</param>
/// <param name="Scores">The guardrail's score, 0 to 1; NaN where the category was not assessed.</param>
/// <param name="Flagged">Whether the guardrail found it unsafe.</param>
internal sealed record ScoredCategory(string Id, IReadOnlyList<bool> Applies, IReadOnlyList<double> Scores, IReadOnlyList<bool> Flagged);

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
