namespace SafeVision.Evaluation.Runs;

/// <summary>How a dataset is run through a guardrail.</summary>
public sealed class EvaluationRunOptions
{
    /// <summary>The seed of all that is drawn at random. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>What is done to every image first; null (the default): nothing.</summary>
    public IImageTransform? Transform { get; set; }
}
