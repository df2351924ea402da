namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>
/// A stream of numbers that is the same on every machine and with every version of .NET: SplitMix64 (Steele, Lea, Flood:
/// Fast splittable pseudorandom number generators, OOPSLA 2014).
/// </summary>
internal sealed class SeededRandom
{
    private ulong _state;

    /// <summary>The stream of a place that is named by numbers, such as seed, split, picture; independent of its neighbours'.</summary>
    public SeededRandom(params ReadOnlySpan<long> place)
    {
        foreach (long part in place)
        {
            _state = Mix(_state + 0x9e3779b97f4a7c15 + (ulong)part);
        }
    }

    /// <summary>A whole number from 0 to below <paramref name="end"/>.</summary>
    public int Next(int end) => (int)(((Next() >> 32) * (ulong)end) >> 32);

    /// <summary>A number from <paramref name="from"/> to below <paramref name="to"/>.</summary>
    public double Next(double from, double to) => from + ((to - from) * ((Next() >> 11) * (1.0 / (1UL << 53))));

    /// <summary>True that often.</summary>
    public bool Chance(double probability) => Next(0, 1) < probability;

    /// <summary>One of a list.</summary>
    public T Pick<T>(IReadOnlyList<T> list) => list[Next(list.Count)];

    /// <summary>The numbers from 0 to below <paramref name="count"/> in random order (Fisher and Yates).</summary>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int other = Next(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    private ulong Next() => Mix(_state += 0x9e3779b97f4a7c15);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
