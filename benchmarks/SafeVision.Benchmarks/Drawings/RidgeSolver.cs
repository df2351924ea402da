using System.Numerics.Tensors;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>Solves (G + λI) x = r for many r, where G is symmetric and has no negative eigenvalue: Cholesky's factor, made once.</summary>
internal sealed class RidgeSolver
{
    private readonly double[][] _factor; // lower triangle

    /// <param name="moment">G's lower triangle; becomes the factor.</param>
    /// <param name="ridge">λ, above 0.</param>
    public RidgeSolver(double[][] moment, double ridge)
    {
        _factor = moment;
        for (int i = 0; i < moment.Length; i++)
        {
            moment[i][i] += ridge;
            for (int j = 0; j <= i; j++)
            {
                double rest = moment[i][j] - TensorPrimitives.Dot<double>(moment[i].AsSpan(0, j), moment[j].AsSpan(0, j));
                moment[i][j] = i == j ? Math.Sqrt(rest) : rest / moment[j][j];
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
