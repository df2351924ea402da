using System.Text.Json;

namespace SafeVision.Models;

/// <summary>
/// Platt scaling of a probability mass: <c>score = sigmoid(slope · (logit(mass) − logit(midpoint)))</c>. A softmax over a
/// thousand classes starts from one in a thousand for each, so a mass of a third on a category is strong evidence, not weak.
/// </summary>
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
