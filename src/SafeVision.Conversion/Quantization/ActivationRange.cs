// Quantization: weights and activations in fewer bits. WeightForms says how each weight is stored (BlockQuantizer: 4 and 8 bits in blocks,
// ByteQuantizer: 8 bits a channel, HalfWeights); IntegerNetwork makes a network of 8-bit integers from calibrated ActivationRanges.

namespace SafeVision.Conversion.Quantization;

/// <summary>The numbers that a tensor takes over the calibration images, and the range of them that eight bits hold
/// best: what is cut off at its ends and what is lost between two steps are weighed by their squares (Banner et al.,
/// arXiv 1810.05723, which does so for a known distribution; this one is counted). Each image is added twice, first for
/// the ends and then to be counted.</summary>
internal sealed class ActivationRange
{
    private const int Bins = 4096;
    private const int Candidates = 64; // of each end
    private const double LeastKept = 0.3; // of the way to the outermost number

    private readonly long[] _bins = new long[Bins];
    private float _low, _high;

    public void Widen(ReadOnlySpan<float> numbers) =>
        (_low, _high) = (Math.Min(_low, TensorPrimitives.Min(numbers)), Math.Max(_high, TensorPrimitives.Max(numbers)));

    public void Count(ReadOnlySpan<float> numbers)
    {
        float scale = Bins / Math.Max(_high - _low, float.Epsilon);
        foreach (float number in numbers)
        {
            if (number != 0)
            {
                _bins[Math.Clamp((int)((number - _low) * scale), 0, Bins - 1)]++; // zero is exact in any range
            }
        }
    }

    /// <summary>The ends, which hold zero between them.</summary>
    public (float Low, float High) Best()
    {
        double[] above = Cut(_high, 1), below = Cut(-_low, -1);
        double all = _bins.Sum();
        (double Error, int Low, int High) best = (double.PositiveInfinity, 0, 0);
        for (int low = 0; low < (_low < 0 ? Candidates : 1); low++)
        {
            for (int high = 0; high < (_high > 0 ? Candidates : 1); high++)
            {
                double step = ((Kept(high) * _high) - (Kept(low) * _low)) / byte.MaxValue;
                double error = above[high] + below[low] + (all * step * step / 12);
                best = error < best.Error ? (error, low, high) : best;
            }
        }

        return ((float)(Kept(best.Low) * _low), (float)(Kept(best.High) * _high));
    }

    private static double Kept(int candidate) => 1 - ((1 - LeastKept) * candidate / Candidates);

    /// <summary>For each candidate, the squares of what lies beyond it on one side of zero.</summary>
    private double[] Cut(double end, int sign)
    {
        double width = ((double)_high - _low) / Bins;
        double[] cut = new double[Candidates];
        for (int bin = 0; bin < Bins; bin++)
        {
            double number = sign * (_low + ((bin + 0.5) * width));
            for (int candidate = 1; candidate < Candidates && _bins[bin] > 0 && end > 0; candidate++)
            {
                double beyond = number - (Kept(candidate) * end);
                cut[candidate] += beyond > 0 ? _bins[bin] * beyond * beyond : 0;
            }
        }

        return cut;
    }
}
