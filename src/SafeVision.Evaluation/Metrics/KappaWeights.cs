namespace SafeVision.Evaluation.Metrics;

/// <summary>How much a disagreement counts in Cohen's kappa.</summary>
public enum KappaWeights
{
    /// <summary>All disagreements count the same: classes without an order.</summary>
    None,

    /// <summary>By the distance of the classes: allow, review, block.</summary>
    Linear,

    /// <summary>By the square of the distance.</summary>
    Quadratic,
}
