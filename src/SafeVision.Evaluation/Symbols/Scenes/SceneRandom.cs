namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>A stream of numbers that is the same on every machine and with every version of .NET: <see cref="SplitMix64"/>.</summary>
internal sealed class SceneRandom
{
    private SplitMix64 _stream;

    /// <summary>The stream of a place that is named by numbers, such as seed, split, image; independent of its neighbours'.</summary>
    public SceneRandom(params ReadOnlySpan<long> place)
    {
        ulong state = 0;
        foreach (long part in place)
        {
            state = SplitMix64.Mix(state + SplitMix64.Increment + (ulong)part);
        }

        _stream = new SplitMix64(state);
    }

    /// <summary>A whole number from 0 to below <paramref name="end"/>.</summary>
    public int Next(int end) => (int)(((_stream.Next() >> 32) * (ulong)end) >> 32);

    /// <summary>A number from <paramref name="from"/> to below <paramref name="to"/>.</summary>
    public double Next(double from, double to) => from + ((to - from) * ((_stream.Next() >> 11) * (1.0 / (1UL << 53))));

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
}
