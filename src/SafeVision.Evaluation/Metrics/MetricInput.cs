namespace SafeVision.Evaluation.Metrics;

/// <summary>What every metric demands of its input. A broken number would otherwise sort somewhere and look like a result.</summary>
internal static class MetricInput
{
    public static void SameLength(int truth, int other, string parameter)
    {
        if (truth != other)
        {
            throw new ArgumentException($"{Show(truth)} samples have a label and {Show(other)} have a value; each sample needs both.", parameter);
        }
    }

    public static void Finite(ReadOnlySpan<double> values, string parameter)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ArgumentException($"Value {Show(i)} is {Show(values[i])}; leave out what was not assessed, and count it apart.", parameter);
            }
        }
    }

    public static void Probabilities(ReadOnlySpan<double> values, string parameter)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] is not (>= 0 and <= 1))
            {
                throw new ArgumentException($"Value {Show(i)} is {Show(values[i])}; a probability is between 0 and 1. Leave out what was not assessed.", parameter);
            }
        }
    }

    public static void Probability(double value, string parameter)
    {
        if (value is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(parameter, value, "It must be between 0 and 1.");
        }
    }

    public static void OpenShare(double value, string parameter)
    {
        if (value is not (> 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(parameter, value, "It must be above 0 and below 1.");
        }
    }

    private static string Show(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>Quantiles of sorted values.</summary>
internal static class Quantile
{
    /// <summary>The value below which a share of the values lies, interpolated between neighbours (NumPy's default, type 7 of Hyndman and Fan 1996).</summary>
    public static double OfSorted(ReadOnlySpan<double> sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int below = Math.Min((int)position, sorted.Length - 1), above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }
}
