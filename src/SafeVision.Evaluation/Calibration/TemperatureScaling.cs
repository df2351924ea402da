using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Calibration;

/// <summary>
/// Probabilities from logits divided by one temperature (Guo et al. 2017): it makes all answers more or less sure and never
/// changes which is the most probable.
/// </summary>
/// <param name="Temperature">Above 1 the logits were overconfident, below 1 underconfident; <see cref="Lowest"/> to <see cref="Highest"/>.</param>
public sealed record TemperatureScaling(double Temperature)
{
    /// <summary>The lowest temperature fitted: what separates all samples without a mistake has its optimum at 0.</summary>
    public const double Lowest = 0.01;

    /// <summary>The highest temperature fitted: what is no better than chance has its optimum at infinity.</summary>
    public const double Highest = 100;

    /// <summary>Whether the data had no optimum between the bounds: too few samples, or none that is wrong.</summary>
    public bool AtBound => Temperature is <= Lowest or >= Highest;

    /// <summary>The temperature with the least mean negative log-likelihood.</summary>
    /// <param name="logits">[samples, classes], finite.</param>
    /// <param name="labels">Each sample's class.</param>
    /// <param name="classes">The number of classes, 2 or more.</param>
    /// <exception cref="ArgumentException">There is no sample, the sizes do not fit, a logit is not finite, or a label is no class.</exception>
    public static TemperatureScaling Fit(ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        int samples = MetricInput.Rows(logits.Length, classes, nameof(logits));
        MetricInput.SameLength(labels.Length, samples, nameof(logits));
        MetricInput.Classes(labels, classes, nameof(labels));
        MetricInput.Finite(logits, nameof(logits));
        if (samples == 0)
        {
            throw new ArgumentException("A temperature cannot be fitted to no samples.", nameof(logits));
        }

        // In the inverse temperature the loss is convex, so its slope crosses zero once and bisection finds it to the last digit.
        var probabilities = new double[classes];
        double low = 1 / Highest, high = 1 / Lowest;
        if (Slope(logits, labels, probabilities, low) >= 0)
        {
            return new(Highest);
        }

        if (Slope(logits, labels, probabilities, high) <= 0)
        {
            return new(Lowest);
        }

        for (int i = 0; i < 100 && high - low > 1e-15 * high; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Slope(logits, labels, probabilities, middle) < 0 ? (middle, high) : (low, middle);
        }

        return new(2 / (low + high));
    }

    /// <summary>The softmax of one row of logits over the temperature.</summary>
    /// <param name="logits">One row.</param>
    /// <param name="probabilities">Receives as many probabilities.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a logit is not finite.</exception>
    public void Apply(ReadOnlySpan<double> logits, Span<double> probabilities)
    {
        MetricInput.SameLength(logits.Length, probabilities.Length, nameof(probabilities));
        MetricInput.Finite(logits, nameof(logits));
        Softmax(logits, 1 / Temperature, probabilities);
    }

    // The derivative of the summed loss: what the model expects of its logits minus the true class's logit.
    private static double Slope(ReadOnlySpan<double> logits, ReadOnlySpan<int> labels, double[] probabilities, double inverse)
    {
        double slope = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<double> row = logits.Slice(i * probabilities.Length, probabilities.Length);
            Softmax(row, inverse, probabilities);
            for (int label = 0; label < row.Length; label++)
            {
                slope += probabilities[label] * (row[label] - row[labels[i]]);
            }
        }

        return slope;
    }

    private static void Softmax(ReadOnlySpan<double> logits, double inverse, Span<double> probabilities)
    {
        double highest = double.NegativeInfinity, sum = 0;
        foreach (double logit in logits)
        {
            highest = Math.Max(highest, logit);
        }

        for (int i = 0; i < logits.Length; i++)
        {
            probabilities[i] = Math.Exp((logits[i] - highest) * inverse);
            sum += probabilities[i];
        }

        for (int i = 0; i < logits.Length; i++)
        {
            probabilities[i] /= sum;
        }
    }
}
