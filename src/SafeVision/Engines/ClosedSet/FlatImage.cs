namespace SafeVision.Engines.ClosedSet;

/// <summary>Tells drawings, symbols, screens and documents from photographs by what a network is given of them. Areas
/// of one colour make up most of a drawing; in a photograph grain, light and the lens leave hardly two neighbours
/// alike. A photograph of something on white paper is as flat as a drawing around the thing, but not on it, so both are
/// asked.</summary>
internal static class FlatImage
{
    /// <summary>Photographs have up to a fifth of such places, emoji with shading half, flat icons nine tenths.</summary>
    private const double LeastFlat = 0.4;

    /// <summary>The same of what is not the ground: of a thing on paper hardly a tenth, of a drawn one a third and more.</summary>
    private const double LeastFlatThing = 0.2;

    private const float GroundSteps = 6; // how far a place may be from the ground's colour, in steps of 255

    /// <param name="input">The network's input: [3, height, width], normalised.</param>
    /// <param name="step">How far apart two values are that differ by one step of 255; less than half of it counts as alike.</param>
    public static bool Is(ReadOnlySpan<float> input, int size, float step)
    {
        int cells = size * size;
        var groundRed = new Vector<float>(Ground(input[..cells], size));
        var groundGreen = new Vector<float>(Ground(input.Slice(cells, cells), size));
        var groundBlue = new Vector<float>(Ground(input.Slice(2 * cells, cells), size));
        var half = new Vector<float>(step / 2);
        var far = new Vector<float>(GroundSteps * step);
        Vector<int> flat = default, things = default, flatThings = default; // -1 for each place
        for (int y = 0; y < size - 1; y++)
        {
            // The last vector of a row reaches into what follows, which does not count.
            for (int x = 0; x < size - 1; x += Vector<float>.Count)
            {
                int place = (y * size) + x;
                var green = new Vector<float>(input[(cells + place)..]);
                Vector<float> across = Vector.Abs(new Vector<float>(input[(cells + place + 1)..]) - green);
                Vector<float> down = Vector.Abs(new Vector<float>(input[(cells + place + size)..]) - green);
                Vector<int> counts = Vector.LessThan(Vector<int>.Indices, new Vector<int>(size - 1 - x));
                Vector<int> isFlat = Vector.LessThan(Vector.Max(across, down), half) & counts;
                Vector<int> isThing = (Vector.GreaterThan(Vector.Abs(green - groundGreen), far)
                    | Vector.GreaterThan(Vector.Abs(new Vector<float>(input[place..]) - groundRed), far)
                    | Vector.GreaterThan(Vector.Abs(new Vector<float>(input[((2 * cells) + place)..]) - groundBlue), far)) & counts;
                flat += isFlat;
                things += isThing;
                flatThings += isFlat & isThing;
            }
        }

        return -Vector.Sum(flat) >= LeastFlat * (size - 1) * (size - 1) && Vector.Sum(flatThings) <= LeastFlatThing * Vector.Sum(things);
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

        return Ranked(border, border.Length / 2);
    }

    /// <summary>What would stand at a place if the values were in order (Hoare's selection); changes their order.</summary>
    private static float Ranked(Span<float> values, int place)
    {
        for (int first = 0, last = values.Length - 1; first < last;)
        {
            float pivot = values[place];
            int i = first, j = last;
            while (i <= j)
            {
                for (; values[i] < pivot; i++)
                {
                }

                for (; values[j] > pivot; j--)
                {
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    (i, j) = (i + 1, j - 1);
                }
            }

            (first, last) = (j < place ? i : first, place < i ? j : last);
        }

        return values[place];
    }
}
