namespace SafeVision.Evaluation.Reports;

/// <summary>The parts of a report, in the order in which it shows them.</summary>
public enum MetricGroup
{
    /// <summary>Was the verdict right?</summary>
    Verdicts,

    /// <summary>Do unsafe images score above safe ones, whatever the threshold?</summary>
    Ranking,

    /// <summary>Does a score of 0.8 mean 80 percent?</summary>
    Calibration,

    /// <summary>Does the verdict follow the policy's words?</summary>
    Adherence,

    /// <summary>Do heat maps, boxes and reasons tell the truth?</summary>
    Explanations,

    /// <summary>What is lost when the picture is disturbed?</summary>
    Robustness,

    /// <summary>How long does it take?</summary>
    Cost,
}
