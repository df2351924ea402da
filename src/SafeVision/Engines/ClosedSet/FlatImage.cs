using System.Numerics.Tensors;

namespace SafeVision.Engines.ClosedSet;

/// <summary>
/// Tells drawings, symbols, screens and documents from photographs by what a network is given of them. Areas of one colour
/// make up most of a drawing; in a photograph grain, light and the lens leave hardly two neighbours alike. A photograph of
/// something on white paper is as flat as a drawing around the thing, but not on it, so both are asked.
/// </summary>
internal static class FlatImage
{
    /// <summary>Photographs have up to a fifth of such places, emoji with shading half, flat icons nine tenths.</summary>
    private const double LeastFlat = 0.4;

    /// <summary>The same of what is not the ground: of a thing on paper hardly a tenth, of a drawn one a third and more.</summary>
    private const double LeastFlatThing = 0.2;

    /// <summary>How far a place may be from the ground's colour, in steps of 255.</summary>
    private const float GroundSteps = 6;

    /// <param name="input">The network's input: [3, height, width], normalised.</param>
    /// <param name="size">Height and width.</param>
    /// <param name="step">How far apart two values are that differ by one step of 255; less than half of it counts as alike.</param>
    public static bool Is(ReadOnlySpan<float> input, int size, float step)
    {
        int cells = size * size;
        ReadOnlySpan<float> red = input[..cells], green = input.Slice(cells, cells), blue = input.Slice(2 * cells, cells);
        (float groundRed, float groundGreen, float groundBlue) = (Ground(red, size), Ground(green, size), Ground(blue, size));
        Span<float> across = stackalloc float[size - 1];
        Span<float> down = stackalloc float[size - 1];
        (int flat, int things, int flatThings) = (0, 0, 0);
        for (int y = 0; y < size - 1; y++)
        {
            int start = y * size;
            ReadOnlySpan<float> row = green.Slice(start, size);
            TensorPrimitives.Subtract(row[1..], row[..^1], across);
            TensorPrimitives.Subtract(green.Slice(start + size, size - 1), row[..^1], down);
            TensorPrimitives.MaxMagnitude(across, down, across);
            for (int x = 0; x < across.Length; x++)
            {
                int isFlat = MathF.Abs(across[x]) < step / 2 ? 1 : 0;
                int isThing = MathF.Abs(row[x] - groundGreen) > GroundSteps * step
                    || MathF.Abs(red[start + x] - groundRed) > GroundSteps * step
                    || MathF.Abs(blue[start + x] - groundBlue) > GroundSteps * step ? 1 : 0;
                flat += isFlat;
                things += isThing;
                flatThings += isFlat & isThing;
            }
        }

        return flat >= LeastFlat * (size - 1) * (size - 1) && flatThings >= LeastFlatThing * things;
    }

    /// <summary>The middle value along the border.</summary>
    private static float Ground(ReadOnlySpan<float> plane, int size) // [height, width]
    {
        Span<float> border = stackalloc float[4 * size];
        plane[..size].CopyTo(border);
        plane[^size..].CopyTo(border[size..]);
        for (int y = 0; y < size; y++)
        {
            border[(2 * size) + y] = plane[y * size];
            border[(3 * size) + y] = plane[(y * size) + size - 1];
        }

        border.Sort();
        return border[border.Length / 2];
    }
}
