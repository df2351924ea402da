namespace SafeVision.Evaluation.Calibration;

/// <summary>Sets a policy's thresholds from recorded scores: review as high as it can be while missing no more than promised, block
/// as low as it can be while stopping no more of other images than promised.</summary>
/// <remarks>Each category has a promise of its own; that all of them hold at once is less sure. Thresholds come from the
/// calibration split alone, and no image of it may stand in the test split, neither by its id nor by the hash of its
/// file.</remarks>
public static class ThresholdTuner
{
    private const double Digits = 1e6;

    /// <summary>Has a guardrail judge what the thresholds rest on, and tunes every category that the data allow.</summary>
    /// <param name="guardrail">What judges, by the policy that is tuned.</param>
    /// <param name="dataset">The dataset; the samples of its other splits are not judged.</param>
    /// <param name="options">What to promise; null for the defaults.</param>
    /// <param name="runFolder">Where the answers are kept, so that a stopped run goes on and another promise costs nothing; null: nowhere.</param>
    /// <param name="progress">Told after each answer.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="EvaluationException">There is nothing to calibrate on, or an image stands in both splits.</exception>
    /// <exception cref="EvaluationException">The folder holds another run, a damaged one, or one that somebody else is writing.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static async Task<TuningResult> RunAsync(
        IImageGuardrail guardrail,
        EvaluationDataset dataset,
        TuningOptions? options = null,
        string? runFolder = null,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(guardrail);
        ArgumentNullException.ThrowIfNull(dataset);
        options ??= new TuningOptions();
        options.Check();
        EvaluationDataset needed = Needed(dataset, options.Source);
        string folder = runFolder ?? Directory.CreateTempSubdirectory("safevision-tune-").FullName;
        try
        {
            SafetyPolicy policy = guardrail.Status.Policy;
            EvaluationRun run = await EvaluationRunner.RunAsync(guardrail, needed, folder, progress: progress, cancellationToken: cancellationToken).ConfigureAwait(false);
            return Tune(policy, needed, run, options);
        }
        finally
        {
            if (runFolder is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    /// <summary>The samples that tuning needs answers for: those to calibrate on and those to test with.</summary>
    /// <exception cref="EvaluationException">The dataset has no such samples.</exception>
    internal static EvaluationDataset Needed(EvaluationDataset dataset, CalibrationSource source)
    {
        DatasetSplit split = TuningSamples.Choose(dataset, source);
        return dataset.With([.. dataset.Samples.Where(sample => sample.Split == split || sample.Split is DatasetSplit.Test or DatasetSplit.None)]);
    }

    /// <summary>Tunes every category that the data allow; the others keep their thresholds, and the result says why.</summary>
    /// <param name="dataset">The dataset that was run; it may have more samples.</param>
    /// <param name="options">What to promise; null for the defaults.</param>
    /// <exception cref="EvaluationException">The run is not complete, or of another policy or dataset; or there is nothing to calibrate on; or an image stands in both splits.</exception>
    internal static TuningResult Tune(SafetyPolicy policy, EvaluationDataset dataset, EvaluationRun run, TuningOptions? options = null)
    {
        options ??= new TuningOptions();
        options.Check();
        ThrowIfOther(policy, dataset, run);

        TuningSamples samples = TuningSamples.Split(dataset, run, options.Source);
        CategoryTuning[] categories = [.. policy.Categories.Select(category => Tune(category, dataset, samples, options))];
        SafetyPolicy tuned = policy.Categories.Zip(categories).Where(pair => pair.Second.Outcome == TuningOutcome.Tuned).Aggregate(
            policy,
            (changed, pair) => changed.With(pair.First.Customize(category => category.ReviewAt(pair.Second.ReviewAt).BlockAt(pair.Second.BlockAt))));
        return new TuningResult
        {
            Policy = tuned,
            Identity = run.Identity,
            Categories = categories,
            CalibrationSamples = samples.Calibration.Count,
            TestSamples = samples.Test.Count,
            Failed = samples.Failed,
            Repeated = samples.Repeated,
        };
    }

    private static CategoryTuning Tune(SafetyCategory category, EvaluationDataset dataset, TuningSamples samples, TuningOptions options)
    {
        CategoryTuning untouched = new() { Category = category.Id, Outcome = TuningOutcome.NotAnnotated, ReviewAt = category.ReviewAt, BlockAt = category.BlockAt };
        if (!dataset.Categories.Contains(category.Id, StringComparer.OrdinalIgnoreCase))
        {
            return untouched;
        }

        TuningScores calibration = TuningScores.Of(category.Id, samples.Calibration), test = TuningScores.Of(category.Id, samples.Test);
        GuaranteedThreshold review = ConformalThreshold.ForMisses(calibration.Positives, options.MaximumMissRate, options.Confidence);
        GuaranteedThreshold? block = options.MaximumFalseBlockRate is { } most
            ? ConformalThreshold.ForFalseAlarms(calibration.Negatives, most, options.IntervalConfidence)
            : null;
        double reviewAt = review.Threshold is > 0 and double found ? Down(found) : category.ReviewAt;
        double blockAt = Math.Max(reviewAt, block?.Threshold is <= 1 and double least ? Up(least) : category.BlockAt);
        return untouched with
        {
            Outcome = review.Threshold is > 0 ? TuningOutcome.Tuned
                : review.IsPossible ? TuningOutcome.NotSeen
                : calibration.Positives.Length == 0 && calibration.PositivesNotAssessed > 0 ? TuningOutcome.NotAssessed
                : TuningOutcome.TooFewSamples,
            ReviewAt = reviewAt,
            BlockAt = review.Threshold is > 0 ? blockAt : category.BlockAt,
            Review = review,
            Block = block,
            NotAssessed = calibration.NotAssessed,
            Test = test.Effect(reviewAt, options),
            TestBlock = test.Effect(review.Threshold is > 0 ? blockAt : category.BlockAt, options),
        };
    }

    // Six digits are enough for people. Rounding review down and block up keeps both promises.
    private static double Down(double threshold)
    {
        double rounded = Math.Floor(threshold * Digits) / Digits;
        return rounded > 0 && rounded <= threshold ? rounded : threshold;
    }

    private static double Up(double threshold)
    {
        double rounded = Math.Ceiling(threshold * Digits) / Digits;
        return rounded >= threshold && rounded <= 1 ? rounded : threshold;
    }

    private static void ThrowIfOther(SafetyPolicy policy, EvaluationDataset dataset, EvaluationRun run)
    {
        if (!run.IsComplete)
        {
            throw new EvaluationException($"The run has {run.Records.Count} answers of {run.Identity.Samples}. Let it finish first: the missing ones are not a random choice.");
        }

        if (run.Identity.PolicyHash != policy.ContentHash)
        {
            throw new EvaluationException($"The run was judged by {run.Identity.Policy} {run.Identity.PolicyVersion} (sha256 {run.Identity.PolicyHash}), not by {policy}. Run the dataset by this policy.");
        }

        if (run.Identity.Transform != "none")
        {
            throw new EvaluationException($"The run's images were disturbed first ({run.Identity.Transform}); thresholds are for images as they come. Run the dataset without a transform.");
        }
    }
}

/// <summary>What thresholds shall promise.</summary>
public sealed class TuningOptions
{
    /// <summary>The greatest share of a category's images that may stay below its review threshold, above 0 and below 1. Default: 0.05.</summary>
    public double MaximumMissRate { get; set; } = 0.05;

    /// <summary>The greatest share of other images that may reach its block threshold, above 0 and below 1; null (the default)
    /// leaves the block threshold alone, or at the review threshold where that is higher.</summary>
    public double? MaximumFalseBlockRate { get; set; }

    /// <summary>How sure the promise of each category is, above 0 and below 1; default 0.95. Null: on average only, which needs
    /// fewer images; see <see cref="ConformalThreshold"/>. The promise about blocking always has a confidence, then of
    /// 0.95.</summary>
    public double? Confidence { get; set; } = 0.95;

    /// <summary>The share of images in production to which a category applies, above 0 and below 1: what precision is expected for. Default: 0.01.</summary>
    public double Prevalence { get; set; } = 0.01;

    /// <summary>Which samples thresholds are set on.</summary>
    public CalibrationSource Source { get; set; }

    internal double IntervalConfidence => Confidence ?? 0.95;

    internal void Check()
    {
        MetricInput.OpenShare(MaximumMissRate, nameof(MaximumMissRate));
        MetricInput.OpenShare(MaximumFalseBlockRate ?? 0.5, nameof(MaximumFalseBlockRate));
        MetricInput.OpenShare(Confidence ?? 0.5, nameof(Confidence));
        MetricInput.OpenShare(Prevalence, nameof(Prevalence));
    }
}

/// <summary>Which samples thresholds are set on. Those of the test split, and samples without a split, show what they do.</summary>
public enum CalibrationSource
{
    /// <summary>The dataset's calibration split; where no sample has any split, as <see cref="Dealt"/>.</summary>
    Automatic,

    /// <summary>The dataset's calibration split.</summary>
    Calibration,

    /// <summary>The dataset's validation split: sound where nothing else was chosen on it for these models.</summary>
    Validation,

    /// <summary>Half of the samples without a split, dealt out by the hash of the image: the same half on every machine, and equal images stay together.</summary>
    Dealt,
}
