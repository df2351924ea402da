namespace SafeVision.Evaluation.Metrics;

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
