namespace SafeVision.Evaluation.Metrics;

/// <summary>Intervals for a rate from counted events. Without trials an interval is 0 to 1: nothing is known.</summary>
public static class RateInterval
{
    /// <summary>Wilson's score interval (1927): close to its confidence on average, for display.</summary>
    /// <param name="events">How often it happened, 0 to <paramref name="trials"/>.</param>
    /// <param name="trials">How often it could have.</param>
    /// <param name="confidence">Above 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The counts are impossible, or the confidence is not between 0 and 1.</exception>
    public static ConfidenceInterval Wilson(long events, long trials, double confidence = 0.95)
    {
        Check(events, trials, confidence);
        if (trials == 0)
        {
            return new(0, 1, confidence);
        }

        double z = NormalQuantile((1 + confidence) / 2), n = trials, rate = events / n;
        double centre = rate + (z * z / (2 * n)), half = z * Math.Sqrt((rate * (1 - rate) / n) + (z * z / (4 * n * n)));
        double scale = 1 + (z * z / n);
        return new(events == 0 ? 0 : (centre - half) / scale, events == trials ? 1 : (centre + half) / scale, confidence);
    }

    /// <summary>Clopper and Pearson's exact interval (1934): never below its confidence, for guarantees.</summary>
    /// <inheritdoc cref="Wilson" path="/param|/exception"/>
    public static ConfidenceInterval ClopperPearson(long events, long trials, double confidence = 0.95)
    {
        Check(events, trials, confidence);
        double side = (1 + confidence) / 2;
        return new(1 - UpperBound(trials - events, trials, side), UpperBound(events, trials, side), confidence);
    }

    /// <summary>The exact one-sided bound: the rate is at most this, with the confidence. 1 where all trials had the event.</summary>
    /// <inheritdoc cref="Wilson" path="/param|/exception"/>
    public static double UpperBound(long events, long trials, double confidence)
    {
        Check(events, trials, confidence);
        if (events == trials)
        {
            return 1;
        }

        double low = (double)events / trials, high = 1;
        for (int i = 0; i < 200 && high - low > 1e-16 * high; i++)
        {
            double middle = low + ((high - low) / 2);
            (low, high) = Binomial.AtMost(events, trials, middle) > 1 - confidence ? (middle, high) : (low, middle);
        }

        return high; // the end that errs on the side of the guarantee
    }

    // Bisection on the series Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + …) of Marsaglia (2004).
    private static double NormalQuantile(double probability)
    {
        double low = 0, high = 9;
        for (int i = 0; i < 80; i++)
        {
            double x = (low + high) / 2, term = x, sum = x;
            for (int k = 3; term > 1e-18 * sum; k += 2)
            {
                term *= x * x / k;
                sum += term;
            }

            double below = 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
            (low, high) = below < probability ? (x, high) : (low, x);
        }

        return (low + high) / 2;
    }

    private static void Check(long events, long trials, double confidence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(events);
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, events);
        if (confidence is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "A confidence is above 0 and below 1.");
        }
    }
}
