namespace SafeVision.Evaluation.Calibration;

/// <summary>What tuning came to for one category.</summary>
public enum TuningOutcome
{
    /// <summary>The review threshold holds the promise.</summary>
    Tuned,

    /// <summary>There are too few of the category's images for any threshold to be promised.</summary>
    TooFewSamples,

    /// <summary>So many of the category's images score 0 that only a threshold that stops every image would do: the models do not see it.</summary>
    NotSeen,

    /// <summary>No engine assessed any of the category's images.</summary>
    NotAssessed,

    /// <summary>The dataset was not annotated for the category.</summary>
    NotAnnotated,
}
