namespace SafeVision.Evaluation.Explanations;

/// <summary>What hidden parts of a picture show.</summary>
public enum MaskFill
{
    /// <summary>The picture's mean colour.</summary>
    Mean,

    /// <summary>The picture, blurred until nothing can be recognised: sharp edges around what is hidden would be evidence of their own.</summary>
    Blur,
}
