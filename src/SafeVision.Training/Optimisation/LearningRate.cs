namespace SafeVision.Training.Optimisation;

/// <summary>A linear rise from 0, then half a cosine down to 0 (the stock schedule).</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmUp">Steps of the rise.</param>
/// <param name="Total">Steps in all.</param>
public sealed record LearningRate(double Peak, int WarmUp, int Total)
{
    /// <summary>The rate of a step, from 0: the first has rate 0 where there is a rise.</summary>
    public double At(int step) => Peak * Factor(step);

    /// <summary>The part of the peak that a step has.</summary>
    public double Factor(int step) => step < WarmUp
        ? (double)step / Math.Max(1, WarmUp)
        : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - WarmUp) / Math.Max(1, Total - WarmUp))));
}
