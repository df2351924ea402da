namespace SafeVision.Models;

/// <summary>Platt scaling of a probability mass: <c>score = sigmoid(slope · (logit(mass) − logit(midpoint)))</c>. A softmax over a
/// thousand classes starts from one in a thousand for each, so a mass of a third on a category is strong evidence, not
/// weak.</summary>
/// <param name="Slope">Above 0.</param>
/// <param name="Midpoint">The mass whose score is one half, between 0 and 1.</param>
public sealed record ScoreCalibration(double Slope, double Midpoint)
{
    /// <summary>What is seen with a mass below this is seen faintly: one chance in five.</summary>
    public const double FaintMass = 0.2;

    /// <summary>The score of a probability mass; both 0 to 1. It rises with the mass, and below <see cref="FaintMass"/> it is never above it.</summary>
    public double Score(double mass)
    {
        double clamped = Math.Clamp(mass, 1e-9, 1 - 1e-9);
        double score = 1 / (1 + Math.Exp(-Slope * (Logit(clamped) - Logit(Midpoint))));
        return mass < FaintMass ? Math.Min(score, mass) : score;
    }

    internal void Validate()
    {
        if (!(Slope > 0) || !double.IsFinite(Slope) || !(Midpoint is > 0 and < 1))
        {
            throw new JsonException("calibration needs a slope above 0 and a midpoint between 0 and 1");
        }
    }

    private static double Logit(double p) => Math.Log(p / (1 - p));
}

/// <summary>Another classifier that is asked about a classifier's high scores: where it is sure that the image shows something
/// else, a score above one half is held there.</summary>
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
