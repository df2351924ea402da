namespace SafeVision.Evaluation.Calibration;

/// <summary>What Platt scaling fits to.</summary>
public enum PlattTargets
{
    /// <summary>
    /// (P + 1) / (P + 2) for positives and 1 / (N + 2) for negatives (Platt 1999): few samples never make a certainty. Always
    /// has an optimum.
    /// </summary>
    Smoothed,

    /// <summary>1 and 0. Where a threshold separates the samples there is no optimum, and the fit does not converge.</summary>
    Plain,
}
