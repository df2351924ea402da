using System.Numerics.Tensors;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>Solves (G + λI) x = r for many r, where G is the second moment of some rows: Cholesky's factor, made once.</summary>
internal sealed class RidgeSolver
{
    private readonly double[][] _factor; // lower triangle

    /// <param name="rows">[samples][channels].</param>
    /// <param name="weights">Each sample's weight; they average 1.</param>
    /// <param name="ridge">λ.</param>
    public RidgeSolver(IReadOnlyList<float[]> rows, IReadOnlyList<double> weights, double ridge)
    {
        int channels = rows[0].Length;
        _factor = new double[channels][];
        Parallel.For(0, channels, i =>
        {
            float[] sums = new float[i + 1];
            double[] moment = new double[i + 1];
            for (int row = 0; row < rows.Count; row++)
            {
                TensorPrimitives.MultiplyAdd(rows[row].AsSpan(0, i + 1), (float)(rows[row][i] * weights[row] / rows.Count), sums, sums);
            }

            TensorPrimitives.ConvertChecked<float, double>(sums, moment);
            moment[i] += ridge;
            _factor[i] = moment;
        });
        for (int i = 0; i < channels; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double rest = _factor[i][j] - TensorPrimitives.Dot<double>(_factor[i].AsSpan(0, j), _factor[j].AsSpan(0, j));
                _factor[i][j] = i == j ? Math.Sqrt(rest) : rest / _factor[j][j];
            }
        }
    }

    public float[] Solve(ReadOnlySpan<float> right)
    {
        double[] x = new double[right.Length];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (right[i] - TensorPrimitives.Dot<double>(_factor[i].AsSpan(0, i), x.AsSpan(0, i))) / _factor[i][i];
        }

        for (int i = x.Length - 1; i >= 0; i--)
        {
            x[i] /= _factor[i][i];
            TensorPrimitives.MultiplyAdd<double>(_factor[i].AsSpan(0, i), -x[i], x.AsSpan(0, i), x.AsSpan(0, i));
        }

        return [.. x.Select(value => (float)value)];
    }
}
