namespace SafeVision.Evaluation.Adherence;

/// <summary>How much is tried. Each policy is compiled once, so these numbers bound the time.</summary>
public sealed class AdherenceOptions
{
    /// <summary>How many things are made a clause each, 1 to 200; the commonest of the dataset, spread over the categories. Default: 12.</summary>
    public int Things { get; set; } = 12;

    /// <summary>On how many pictures each change is tried, 1 to 10,000. Default: 20.</summary>
    public int SamplesPerThing { get; set; } = 20;

    /// <summary>On how many pictures it is tried that verdicts stay, 1 to 100,000. Default: 100.</summary>
    public int StableSamples { get; set; } = 100;

    /// <summary>Chooses pictures and wordings. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Check()
    {
        InRange(Things, 200, nameof(Things));
        InRange(SamplesPerThing, 10_000, nameof(SamplesPerThing));
        InRange(StableSamples, 100_000, nameof(StableSamples));

        static void InRange(int value, int most, string name)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
        }
    }
}
