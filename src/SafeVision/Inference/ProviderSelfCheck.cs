using System.Numerics.Tensors;

namespace SafeVision.Inference;

/// <summary>How far a provider's outputs are from the processor's.</summary>
public static class ProviderSelfCheck
{
    /// <summary>
    /// The largest absolute difference divided by the largest absolute expected value. Infinite when the lengths differ
    /// or an output is not finite, so that such a provider can never pass.
    /// </summary>
    public static double RelativeDifference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length || expected.IsEmpty)
        {
            return double.PositiveInfinity;
        }

        double scale = Math.Max(Math.Abs(TensorPrimitives.MaxMagnitude(expected)), 1e-6);
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]))
            {
                return double.PositiveInfinity;
            }

            largest = Math.Max(largest, Math.Abs((double)expected[i] - actual[i]));
        }

        return largest / scale;
    }
}
