using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Calibration;

/// <summary>Probabilities from any score through a sigmoid: p = 1 / (1 + exp(−(slope · score + intercept))).</summary>
/// <param name="Slope">Above 0 where higher scores are more often positive.</param>
/// <param name="Intercept">The log-odds at score 0.</param>
/// <param name="Converged">Whether the fit reached its optimum; if not, the numbers are where it stopped and not to be used.</param>
public sealed record PlattScaling(double Slope, double Intercept, bool Converged)
{
    private const int MostIterations = 100;

    /// <summary>The sigmoid with the least mean log loss, by Newton's method with halved steps (Lin, Lin and Weng 2007).</summary>
    /// <param name="scores">Each sample's score, finite.</param>
    /// <param name="truth">Whether each sample is positive.</param>
    /// <param name="targets">What to fit to.</param>
    /// <exception cref="ArgumentException">There is no sample, the lengths differ, or a score is not finite.</exception>
    public static PlattScaling Fit(ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, PlattTargets targets = PlattTargets.Smoothed)
    {
        MetricInput.SameLength(truth.Length, scores.Length, nameof(scores));
        MetricInput.Finite(scores, nameof(scores));
        if (scores.IsEmpty)
        {
            throw new ArgumentException("A sigmoid cannot be fitted to no samples.", nameof(scores));
        }

        int positives = truth.Count(true), negatives = truth.Length - positives;
        (double high, double low) = targets == PlattTargets.Smoothed ? ((positives + 1.0) / (positives + 2), 1 / (negatives + 2.0)) : (1, 0);

        // Scores centred and scaled to the largest: Newton's steps then have the same length for cosines and for logits.
        double centre = 0, scale = 0;
        foreach (double score in scores)
        {
            centre += score / scores.Length;
        }

        foreach (double score in scores)
        {
            scale = Math.Max(scale, Math.Abs(score - centre));
        }

        scale = scale == 0 ? 1 : scale;
        double slope = 0, intercept = Math.Log((positives + 1.0) / (negatives + 1));
        double loss = Loss(scores, truth, high, low, centre, scale, slope, intercept);
        bool converged = false;
        for (int i = 0; i < MostIterations && !converged; i++)
        {
            (double stepSlope, double stepIntercept, double decrease) = Step(scores, truth, high, low, centre, scale, slope, intercept);

            // Half the decrement is what the step can still gain; below the rounding of the loss no step can be judged.
            converged = decrease <= 1e-20 * Math.Max(1, loss);
            double length = 1;
            while (!converged)
            {
                double next = Loss(scores, truth, high, low, centre, scale, slope + (length * stepSlope), intercept + (length * stepIntercept));
                if (next <= loss + (1e-14 * loss))
                {
                    (slope, intercept, loss) = (slope + (length * stepSlope), intercept + (length * stepIntercept), next);
                    break;
                }

                length /= 2;
                if (length < 1e-10)
                {
                    return Unscaled(converged: false);
                }
            }
        }

        return Unscaled(converged);

        PlattScaling Unscaled(bool converged) => new(slope / scale, intercept - (slope * centre / scale), converged);
    }

    /// <summary>The probability of a score.</summary>
    public double Apply(double score) => Sigmoid((Slope * score) + Intercept);

    private static (double Slope, double Intercept, double Decrease) Step(
        ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, double high, double low, double centre, double scale, double slope, double intercept)
    {
        // The gradient, and the Hessian with a ridge that keeps it invertible where all scores are equal.
        double gradientSlope = 0, gradientIntercept = 0, slopes = 1e-12, both = 0, intercepts = 1e-12;
        for (int i = 0; i < scores.Length; i++)
        {
            double x = (scores[i] - centre) / scale, p = Sigmoid((slope * x) + intercept);
            double error = p - (truth[i] ? high : low), weight = p * (1 - p);
            gradientSlope += error * x;
            gradientIntercept += error;
            slopes += weight * x * x;
            both += weight * x;
            intercepts += weight;
        }

        double determinant = (slopes * intercepts) - (both * both);
        double stepSlope = -((intercepts * gradientSlope) - (both * gradientIntercept)) / determinant;
        double stepIntercept = -((slopes * gradientIntercept) - (both * gradientSlope)) / determinant;
        return (stepSlope, stepIntercept, -((gradientSlope * stepSlope) + (gradientIntercept * stepIntercept)));
    }

    private static double Loss(
        ReadOnlySpan<double> scores, ReadOnlySpan<bool> truth, double high, double low, double centre, double scale, double slope, double intercept)
    {
        double loss = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            double z = (slope * (scores[i] - centre) / scale) + intercept;
            loss += Math.Max(z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z))) - ((truth[i] ? high : low) * z);
        }

        return loss;
    }

    private static double Sigmoid(double z) => z >= 0 ? 1 / (1 + Math.Exp(-z)) : Math.Exp(z) / (1 + Math.Exp(z));
}
