namespace SafeVision.Evaluation.Calibration;

/// <summary>Which samples thresholds are set on. Those of the test split, and samples without a split, show what they do.</summary>
public enum CalibrationSource
{
    /// <summary>The dataset's calibration split; where no sample has any split, as <see cref="Dealt"/>.</summary>
    Automatic,

    /// <summary>The dataset's calibration split.</summary>
    Calibration,

    /// <summary>The dataset's validation split: sound where nothing else was chosen on it for these models.</summary>
    Validation,

    /// <summary>
    /// Half of the samples without a split, dealt out by the hash of the image: the same half on every machine, and equal
    /// images stay together.
    /// </summary>
    Dealt,
}
