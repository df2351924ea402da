using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Models;

/// <summary>
/// The inputs of an image model's goldens, made from a seed so that they need not be stored: xorshift32
/// (Marsaglia 2003), each state's upper 24 bits as a fraction of 1, for every element in order.
/// </summary>
internal static class GoldenInput
{
    public static float[] Create(uint seed, int length)
    {
        float[] values = new float[length];
        uint state = seed == 0 ? 1 : seed;
        foreach (ref float value in values.AsSpan())
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            value = (state >> 8) * (1f / (1 << 24));
        }

        return values;
    }
}
