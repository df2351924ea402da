namespace SafeVision.Evaluation;

/// <summary>A generator whose numbers depend on its seed alone, on every machine and in every version of .NET, which
/// <see cref="Random"/> does not promise. xoshiro256** (Blackman and Vigna 2021), seeded by SplitMix64. Not for secrets; not
/// thread-safe.</summary>
internal sealed class SeededRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <param name="seed">Any number; report it with what was drawn.</param>
    public SeededRandom(ulong seed)
    {
        var start = new SplitMix64(seed);
        (_a, _b, _c, _d) = (start.Next(), start.Next(), start.Next(), start.Next());
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9, shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A whole number from 0 to below <paramref name="bound"/>.</summary>
    public int Next(int bound) => (int)Below((ulong)bound);

    /// <summary>A number from 0 to below 1.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Puts values in random order.</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = 0; i < values.Length - 1; i++)
        {
            int other = i + Next(values.Length - i);
            (values[i], values[other]) = (values[other], values[i]);
        }
    }

    // Lemire (2019): the high half of a product is unbiased once the few low halves that occur too often are thrown away.
    private ulong Below(ulong bound)
    {
        if (bound <= 1)
        {
            return 0;
        }

        ulong high = Math.BigMul(NextBits(), bound, out ulong low);
        if (low < bound)
        {
            for (ulong rejected = (0 - bound) % bound; low < rejected;)
            {
                high = Math.BigMul(NextBits(), bound, out low);
            }
        }

        return high;
    }
}

/// <summary>SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): the one generator
/// that all seeds of this library go through.</summary>
internal struct SplitMix64(ulong state)
{
    public const ulong Increment = 0x9E3779B97F4A7C15; // what the state grows by: 2^64 over the golden ratio

    private ulong _state = state;

    /// <summary>The next 64 random bits.</summary>
    public ulong Next() => Mix(_state += Increment);

    /// <summary>The bits of a number mixed, so that neighbours have nothing in common.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
