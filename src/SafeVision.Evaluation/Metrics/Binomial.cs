namespace SafeVision.Evaluation.Metrics;

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

    /// <summary>
    /// I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated with Lentz's method on the side where it converges fast.
    /// y is 1 − x, given apart because it would lose digits where x is near 1.
    /// </summary>
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
