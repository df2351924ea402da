namespace SafeVision.Evaluation.Datasets;

/// <summary>Kinds of mistakes in a dataset.</summary>
public enum DatasetProblemKind
{
    /// <summary>A row could not be read.</summary>
    Malformed,

    /// <summary>The image is not there.</summary>
    MissingImage,

    /// <summary>A label is none of the categories.</summary>
    UnknownLabel,

    /// <summary>Two samples have one id.</summary>
    DuplicateId,

    /// <summary>Two samples show the same picture.</summary>
    DuplicateImage,

    /// <summary>The same picture stands in two splits.</summary>
    SharedBetweenSplits,
}
