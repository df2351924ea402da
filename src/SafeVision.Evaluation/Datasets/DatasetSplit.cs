namespace SafeVision.Evaluation.Datasets;

/// <summary>What a sample may be used for.</summary>
public enum DatasetSplit
{
    /// <summary>The dataset doesn't say; used for testing.</summary>
    None,

    /// <summary>To train and to design with.</summary>
    Train,

    /// <summary>To choose between variants.</summary>
    Validation,

    /// <summary>To set thresholds and calibrate scores.</summary>
    Calibration,

    /// <summary>To report on, and for nothing else.</summary>
    Test,
}
