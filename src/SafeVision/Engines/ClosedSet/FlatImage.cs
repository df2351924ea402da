using System.Numerics.Tensors;

namespace SafeVision.Engines.ClosedSet;

/// <summary>
/// Tells drawings, symbols, screens and documents from photographs by what a network is given of them. Areas of one colour
/// make up most of a drawing; in a photograph grain, light and the lens leave hardly two neighbours alike.
/// </summary>
internal static class FlatImage
{
    /// <summary>Photographs have up to a fifth of such places, emoji with shading half, flat icons nine tenths.</summary>
    private const double LeastFlat = 0.4;

    /// <param name="input">The network's input: [3, height, width], normalised.</param>
    /// <param name="size">Height and width.</param>
    /// <param name="step">How far apart two values are that differ by one step of 255; less than half of it counts as alike.</param>
    public static bool Is(ReadOnlySpan<float> input, int size, float step)
    {
        ReadOnlySpan<float> green = input.Slice(size * size, size * size);
        Span<float> across = stackalloc float[size - 1];
        Span<float> down = stackalloc float[size - 1];
        int flat = 0;
        for (int y = 0; y < size - 1; y++)
        {
            ReadOnlySpan<float> row = green.Slice(y * size, size);
            TensorPrimitives.Subtract(row[1..], row[..^1], across);
            TensorPrimitives.Subtract(green.Slice((y + 1) * size, size - 1), row[..^1], down);
            TensorPrimitives.MaxMagnitude(across, down, across);
            for (int x = 0; x < across.Length; x++)
            {
                flat += MathF.Abs(across[x]) < step / 2 ? 1 : 0;
            }
        }

        return flat >= LeastFlat * (size - 1) * (size - 1);
    }
}
