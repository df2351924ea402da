using System.Numerics.Tensors;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Blurs with a Gaussian kernel, cut at three standard deviations; the edge pixels go on beyond the edge.</summary>
/// <param name="percent">The standard deviation in percent of the shorter side, so that a picture's size plays no part.</param>
internal sealed class GaussianBlur(double percent) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random) => Blur(picture, percent / 100 * picture.ShortSide);

    /// <summary>The picture blurred.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="deviation">The standard deviation in pixels.</param>
    public static Picture Blur(Picture picture, double deviation)
    {
        float[] kernel = Kernel(Math.Max(deviation, 1e-3));
        int radius = kernel.Length / 2, width = picture.Width, row = width * 3;
        var blurred = new Picture(width, picture.Height);

        // Rows blurred along themselves are kept only while the rows below still need them.
        var lines = new float[kernel.Length][];
        var padded = new float[row + (radius * 6)];
        var sum = new float[row];
        for (int y = -radius; y < picture.Height + radius; y++)
        {
            float[] line = lines[(y + radius) % kernel.Length] ??= new float[row];
            Widen(picture.Row(Math.Clamp(y, 0, picture.Height - 1)), radius, padded);
            Convolve(line, kernel, i => padded.AsMemory(i * 3, row));
            int target = y - radius;
            if (target >= 0)
            {
                Convolve(sum, kernel, i => lines[(target + i) % kernel.Length]);
                Round(sum, blurred.Row(target));
            }
        }

        return blurred;
    }

    private static void Convolve(float[] target, float[] kernel, Func<int, ReadOnlyMemory<float>> source)
    {
        Array.Clear(target);
        for (int i = 0; i < kernel.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(source(i).Span, kernel[i], target, target);
        }
    }

    private static void Widen(ReadOnlySpan<byte> row, int radius, Span<float> padded)
    {
        TensorPrimitives.ConvertTruncating(row, padded.Slice(radius * 3, row.Length));
        for (int i = 0; i < radius * 3; i++)
        {
            padded[i] = row[i % 3];
            padded[padded.Length - (radius * 3) + i] = row[row.Length - 3 + (i % 3)];
        }
    }

    private static void Round(ReadOnlySpan<float> values, Span<byte> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (byte)Math.Clamp((int)(values[i] + 0.5f), 0, 255);
        }
    }

    private static float[] Kernel(double deviation)
    {
        int radius = (int)Math.Ceiling(3 * deviation);
        double[] weights = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(x => Math.Exp(-x * x / (2 * deviation * deviation)))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }
}
