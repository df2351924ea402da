// Resizing: Pillow's resize bit for bit. ImageResizer is the way in; ResizeTarget checks what is asked; ResampleAxis holds the
// weights of one axis; SeparableResampler runs the two passes with the widest kernel that the processor has (Avx512, Avx2,
// Vector128, or the scalar one in ResampleKernel). BoxReduction shrinks by whole factors first; AlignCornersResampler is the
// resize of TensorFlow.js models.

namespace SafeVision.Imaging;

/// <summary>TensorFlow.js' <c>resizeBilinear(alignCorners = true)</c> on rescaled RGB, normalised into planes: output i lies at
/// source position <c>i * (sourceSize - 1) / (targetSize - 1)</c>, in single precision.</summary>
internal static class AlignCornersResampler
{
    public static void Run(in PixelView source, int width, int height, in ResizeWindow window, ChannelTables tables, Span<float> planes)
    {
        int columns = window.Width;
        using var tapMemory = new Scratch<Tap>(columns);
        using var lines = new Scratch<float>(6 * columns);
        Span<Tap> taps = tapMemory.Span;
        for (int x = 0; x < columns; x++)
        {
            taps[x] = Tap.At(window.X + x, source.Width, width);
        }

        // Two source rows, each stretched along x once, into three planes.
        Span<float> upper = lines.Span[..(3 * columns)];
        Span<float> lower = lines.Span[(3 * columns)..];
        int upperRow = -1, lowerRow = -1;
        for (int y = 0; y < window.Height; y++)
        {
            Tap tap = Tap.At(window.Y + y, source.Height, height);
            if (lowerRow == tap.First)
            {
                Span<float> swap = upper;
                upper = lower;
                lower = swap;
                (upperRow, lowerRow) = (lowerRow, upperRow);
            }

            if (upperRow != tap.First)
            {
                Stretch(source.Row(upperRow = tap.First, 0, source.Width), taps, tables.Rescaled, upper);
            }

            if (lowerRow != tap.Second)
            {
                Stretch(source.Row(lowerRow = tap.Second, 0, source.Width), taps, tables.Rescaled, lower);
            }

            for (int channel = 0; channel < 3; channel++)
            {
                Blend(
                    upper.Slice(channel * columns, columns), lower.Slice(channel * columns, columns), tap.Weight,
                    tables.Mean[channel], tables.Std[channel], planes.Slice((channel * window.Height + y) * columns, columns));
            }
        }
    }

    private static void Stretch(ReadOnlySpan<byte> row, ReadOnlySpan<Tap> taps, float[] rescaled, Span<float> planes)
    {
        int count = taps.Length;
        ref float red = ref MemoryMarshal.GetReference(planes[..(3 * count)]);
        ref float green = ref Unsafe.Add(ref red, count);
        ref float blue = ref Unsafe.Add(ref green, count);

        // Taps lie inside the row they were made for, and bytes inside a table of 256.
        ref byte pixels = ref MemoryMarshal.GetReference(row);
        ref float table = ref MemoryMarshal.GetArrayDataReference(rescaled);
        for (int x = 0; x < count; x++)
        {
            Tap tap = taps[x];
            ref byte left = ref Unsafe.Add(ref pixels, 3 * (nint)tap.First);
            ref byte right = ref Unsafe.Add(ref pixels, 3 * (nint)tap.Second);
            Unsafe.Add(ref red, x) = Mix(Unsafe.Add(ref table, (nint)left), Unsafe.Add(ref table, (nint)right), tap.Weight);
            Unsafe.Add(ref green, x) = Mix(
                Unsafe.Add(ref table, (nint)Unsafe.Add(ref left, 1)), Unsafe.Add(ref table, (nint)Unsafe.Add(ref right, 1)), tap.Weight);
            Unsafe.Add(ref blue, x) = Mix(
                Unsafe.Add(ref table, (nint)Unsafe.Add(ref left, 2)), Unsafe.Add(ref table, (nint)Unsafe.Add(ref right, 2)), tap.Weight);
        }
    }

    private static float Mix(float first, float second, float weight) => first + (second - first) * weight;

    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, float mean, float std, Span<float> target)
    {
        ReadOnlySpan<Vector<float>> uppers = MemoryMarshal.Cast<float, Vector<float>>(upper);
        ReadOnlySpan<Vector<float>> lowers = MemoryMarshal.Cast<float, Vector<float>>(lower);
        Span<Vector<float>> targets = MemoryMarshal.Cast<float, Vector<float>>(target);
        for (int i = 0; i < targets.Length; i++)
        {
            targets[i] = (uppers[i] + (lowers[i] - uppers[i]) * weight - new Vector<float>(mean)) / new Vector<float>(std);
        }

        for (int i = targets.Length * Vector<float>.Count; i < target.Length; i++)
        {
            target[i] = (Mix(upper[i], lower[i], weight) - mean) / std;
        }
    }

    /// <summary>The two source pixels of a target pixel, and the weight of the second.</summary>
    private readonly record struct Tap(int First, int Second, float Weight)
    {
        public static Tap At(int target, int sourceSize, int targetSize)
        {
            float scale = targetSize > 1 ? (float)(sourceSize - 1) / (targetSize - 1) : sourceSize;
            float position = target * scale;
            int first = Math.Min((int)position, sourceSize - 1);
            return new Tap(first, Math.Min(first + 1, sourceSize - 1), position - first);
        }
    }
}
