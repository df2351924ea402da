using System.Text.Json;

namespace SafeVision.Models;

/// <summary>
/// Another classifier that is asked about a classifier's high scores: where it is sure that the image shows something else, a
/// score above one half is held there.
/// </summary>
public sealed record OpinionSource
{
    /// <summary>The set that the other classifier's labels are of, such as <c>imagenet</c>.</summary>
    public required string LabelSet { get; init; }

    /// <summary>The probability of one label from which on it is sure, above 0.5 and at most 1. Default: 0.7.</summary>
    public double SureFrom { get; init => field = value == 0 ? 0.7 : value; } = 0.7;

    /// <summary>Its labels that go with what this classifier looks for, and so say nothing against it: first names or whole labels.</summary>
    public IReadOnlyList<string> Related { get; init => field = value ?? []; } = [];

    internal void Validate()
    {
        if (LabelSet is null || !(SureFrom is > 0.5 and <= 1) || Related.Contains(null))
        {
            throw new JsonException("secondOpinion needs a labelSet, a sureFrom above 0.5 and at most 1, and names in related");
        }
    }
}
