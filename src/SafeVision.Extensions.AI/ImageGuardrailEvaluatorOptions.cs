namespace SafeVision.Extensions.AI;

/// <summary>What an <see cref="ImageGuardrailEvaluator"/> judges, and what fails.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Read when the evaluator is created.</remarks>
public sealed class ImageGuardrailEvaluatorOptions
{
    /// <summary>Whether the images of the messages before the response are judged too. Default true.</summary>
    public bool IncludeMessages { get; set; } = true;

    /// <summary>Whether a decision to review fails, as a decision to block does. Default true: nobody looks at a review in a test run.</summary>
    public bool ReviewFails { get; set; } = true;

    /// <summary>The most images of one conversation that are judged, 1 to 1,000. Default 32. With more, the result is inconclusive and fails.</summary>
    public int MaxImages
    {
        get;
        set => field = value is >= 1 and <= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The number is to be from 1 to 1,000.");
    } = 32;
}
