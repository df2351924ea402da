namespace SafeVision.Benchmarks;

/// <summary>What one piece of work took.</summary>
/// <param name="Wall">Milliseconds by the clock.</param>
/// <param name="Processor">Milliseconds of processor time, all threads together.</param>
internal readonly record struct Lap(double Wall, double Processor)
{
    public static Lap operator +(Lap left, Lap right) => new(left.Wall + right.Wall, left.Processor + right.Processor);

    public static Lap operator -(Lap left, Lap right) => new(left.Wall - right.Wall, left.Processor - right.Processor);

    public static Lap operator *(Lap lap, double by) => new(lap.Wall * by, lap.Processor * by);

    public static Lap operator /(Lap lap, double by) => new(lap.Wall / by, lap.Processor / by);

    /// <summary>The middle of each, so that a moment in which the machine did something else does not count.</summary>
    public static Lap Median(IEnumerable<Lap> laps)
    {
        Lap[] all = [.. laps];
        return new(Middle(all.Select(lap => lap.Wall)), Middle(all.Select(lap => lap.Processor)));
    }

    private static double Middle(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
