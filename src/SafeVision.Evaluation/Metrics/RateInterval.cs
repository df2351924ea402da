namespace SafeVision.Evaluation.Metrics;

/// <summary>Intervals for a rate from counted events. Without trials an interval is 0 to 1: nothing is known.</summary>
internal static class RateInterval
{
    /// <summary>Wilson's score interval (1927): close to its confidence on average, for display.</summary>
    /// <param name="events">How often it happened, 0 to <paramref name="trials"/>.</param>
    /// <param name="confidence">Above 0 and below 1.</param>
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

/// <summary>Where a rate probably lies.</summary>
/// <param name="Low">The lower end, 0 to 1.</param>
/// <param name="High">The upper end, 0 to 1.</param>
/// <param name="Confidence">How often an interval made this way holds the true rate.</param>
public readonly record struct ConfidenceInterval(double Low, double High, double Confidence);

/// <summary>The binomial distribution, through the regularised incomplete beta function.</summary>
internal static class Binomial
{
    /// <summary>The probability of at most <paramref name="events"/> events in <paramref name="trials"/> trials of probability <paramref name="rate"/>.</summary>
    public static double AtMost(long events, long trials, double rate)
    {
        if (events < 0)
        {
            return 0;
        }

        if (events == 0 && trials > 0)
        {
            return Math.Pow(1 - rate, trials); // exact, where the rest is an approximation to 1e-12
        }

        return events >= trials ? 1 : IncompleteBeta(trials - events, events + 1, 1 - rate, rate);
    }

    /// <summary>I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated with Lentz's method on the side where it converges
    /// fast. y is 1 − x, given apart because it would lose digits where x is near 1.</summary>
    private static double IncompleteBeta(double a, double b, double x, double y)
    {
        if (x <= 0 || y <= 0)
        {
            return x <= 0 ? 0 : 1;
        }

        return x > (a + 1) / (a + b + 2) ? 1 - Fraction(b, a, y, x) : Fraction(a, b, x, y);
    }

    private static double Fraction(double a, double b, double x, double y)
    {
        const double tiny = 1e-300;
        double scale = Math.Exp((a * Math.Log(x)) + (b * Math.Log(y)) + LogGamma(a + b) - LogGamma(a) - LogGamma(b)) / a;
        double d = 1 - ((a + b) * x / (a + 1)), c = 1;
        d = 1 / (Math.Abs(d) < tiny ? tiny : d);
        double value = d;
        for (int m = 1; m <= 100_000; m++)
        {
            double even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            value *= Step(even, ref c, ref d);
            double odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            double factor = Step(odd, ref c, ref d);
            value *= factor;
            if (Math.Abs(factor - 1) < 1e-16)
            {
                break;
            }
        }

        return Math.Clamp(scale * value, 0, 1);

        static double Step(double coefficient, ref double c, ref double d)
        {
            d = 1 + (coefficient * d);
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = 1 + (coefficient / c);
            c = Math.Abs(c) < tiny ? tiny : c;
            return c * d;
        }
    }

    // Stirling's series (DLMF 5.11.1), after stepping up to where six terms are exact to the last digit.
    private static double LogGamma(double x)
    {
        double product = 1;
        for (; x < 16; x++)
        {
            product *= x;
        }

        double inverse = 1 / (x * x);
        double series = ((((((-1.0 / 1680 * inverse) + (1.0 / 1260)) * inverse) - (1.0 / 360)) * inverse) + (1.0 / 12)) / x;
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + series - Math.Log(product);
    }
}
