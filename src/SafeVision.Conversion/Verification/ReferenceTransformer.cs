using System.Numerics;

namespace SafeVision.Conversion.Verification;

/// <summary>The parts of a transformer computed as a reference on rows of float32, from the checkpoint's own weights: what a
/// graph's results are held against. Sums that decide are taken in float64.</summary>
internal static class ReferenceTransformer
{
    private const int ChunkNumbers = 1 << 18;

    /// <summary><c>y = x·Wᵀ + b</c> for each row of x.</summary>
    public static float[] Linear(Projection projection, float[] x)
    {
        int input = projection.Weight.Columns, output = projection.Features, rows = x.Length / input, chunk = Math.Max(1, ChunkNumbers / input);
        float[] y = new float[rows * output];
        Parallel.For(0, (output + chunk - 1) / chunk, part =>
        {
            int first = part * chunk, count = Math.Min(chunk, output - first);
            float[] weights = ArrayPool<float>.Shared.Rent(count * input);
            projection.Weight.ReadRows(first, weights.AsSpan(0, count * input));
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<float> vector = weights.AsSpan(i * input, input);
                float bias = projection.Bias?[first + i] ?? 0;
                int row = 0, place = first + i;
                for (; row <= rows - 4; row += 4, place += 4 * output)
                {
                    (float a, float b, float c, float d) = Dot(vector, x.AsSpan(row * input, 4 * input));
                    (y[place], y[place + output], y[place + (2 * output)], y[place + (3 * output)]) = (a + bias, b + bias, c + bias, d + bias);
                }

                for (; row < rows; row++, place += output)
                {
                    y[place] = TensorPrimitives.Dot(x.AsSpan(row * input, input), vector) + bias;
                }
            }

            ArrayPool<float>.Shared.Return(weights);
        });
        return y;
    }

    /// <summary>A vector by four rows, so that it is read only once for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call on: a check is over before the runtime would see that it pays
    private static (float A, float B, float C, float D) Dot(ReadOnlySpan<float> vector, ReadOnlySpan<float> rows)
    {
        int size = vector.Length, i = 0;
        ReadOnlySpan<float> a = rows[..size], b = rows.Slice(size, size), c = rows.Slice(2 * size, size), d = rows.Slice(3 * size, size);
        Vector<float> sumA = default, sumB = default, sumC = default, sumD = default;
        for (; i <= size - Vector<float>.Count; i += Vector<float>.Count)
        {
            var part = new Vector<float>(vector[i..]);
            sumA = Vector.FusedMultiplyAdd(part, new Vector<float>(a[i..]), sumA);
            sumB = Vector.FusedMultiplyAdd(part, new Vector<float>(b[i..]), sumB);
            sumC = Vector.FusedMultiplyAdd(part, new Vector<float>(c[i..]), sumC);
            sumD = Vector.FusedMultiplyAdd(part, new Vector<float>(d[i..]), sumD);
        }

        (float restA, float restB, float restC, float restD) = (Vector.Sum(sumA), Vector.Sum(sumB), Vector.Sum(sumC), Vector.Sum(sumD));
        for (; i < size; i++)
        {
            restA += vector[i] * a[i];
            restB += vector[i] * b[i];
            restC += vector[i] * c[i];
            restD += vector[i] * d[i];
        }

        return (restA, restB, restC, restD);
    }

    /// <summary>Normalises each row in place.</summary>
    public static void Normalize(NormWeights norm, float[] x)
    {
        int size = norm.Weight.Length;
        for (int start = 0; start < x.Length; start += size)
        {
            Span<float> row = x.AsSpan(start, size);
            double mean = 0, square = 0;
            foreach (float value in row)
            {
                mean += norm.IsRms ? 0 : (double)value / size;
            }

            foreach (float value in row)
            {
                square += (value - mean) * (value - mean) / size;
            }

            double scale = 1 / Math.Sqrt(square + norm.Epsilon);
            for (int i = 0; i < size; i++)
            {
                row[i] = (float)(((row[i] - mean) * scale * norm.Weight[i]) + (norm.Bias?[i] ?? 0));
            }
        }
    }

    public static void Activate(Activation activation, float[] x)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double value = x[i];
            x[i] = (float)(activation switch
            {
                Activation.Gelu => value / 2 * (1 + ErrorFunction(value / Math.Sqrt(2))),
                Activation.GeluTanh => value / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (value + (0.044715 * value * value * value)))),
                Activation.QuickGelu => value / (1 + Math.Exp(-1.702 * value)),
                Activation.Relu => Math.Max(value, 0),
                _ => value / (1 + Math.Exp(-value)),
            });
        }
    }

    /// <summary>Attention of rows [tokens, heads · size] over keys and values [others, keyHeads · size], where
    /// <paramref name="sees"/> says which token may look at which other.</summary>
    /// <param name="query">[tokens, heads · size].</param>
    /// <param name="key">[others, keyHeads · size].</param>
    /// <param name="value">Likewise.</param>
    /// <param name="sees">Whether a token sees another.</param>
    /// <param name="scale">What scores are multiplied by; null: 1 / √size.</param>
    /// <param name="cap">The bound c of scores, c · tanh(score / c); null: none.</param>
    public static float[] Attend(
        float[] query, float[] key, float[] value, int heads, int keyHeads, int size, Func<int, int, bool> sees, double? scale = null, double? cap = null)
    {
        double factor = scale ?? 1 / Math.Sqrt(size);
        int tokens = query.Length / (heads * size), others = key.Length / (keyHeads * size), shared = heads / keyHeads;
        float[] mixed = new float[query.Length];
        Parallel.For(0, heads, head =>
        {
            double[] weights = new double[others];
            double[] sum = new double[size];
            int keyHead = head / shared;
            for (int token = 0; token < tokens; token++)
            {
                ReadOnlySpan<float> asked = query.AsSpan((token * heads * size) + (head * size), size);
                for (int i = 0; i < others; i++)
                {
                    double score = sees(token, i) ? factor * TensorPrimitives.Dot(asked, key.AsSpan((i * keyHeads * size) + (keyHead * size), size)) : double.NegativeInfinity;
                    weights[i] = cap is { } most && double.IsFinite(score) ? most * Math.Tanh(score / most) : score;
                }

                Probabilities.SoftMax(weights, weights);
                Array.Clear(sum);
                for (int i = 0; i < others; i++)
                {
                    for (int j = 0; weights[i] > 0 && j < size; j++)
                    {
                        sum[j] += weights[i] * value[(i * keyHeads * size) + (keyHead * size) + j];
                    }
                }

                for (int j = 0; j < size; j++)
                {
                    mixed[(token * heads * size) + (head * size) + j] = (float)sum[j];
                }
            }
        });
        return mixed;
    }

    /// <summary>Turns each token's heads in place: pair j of token i by the angle <paramref name="angle"/> gives.</summary>
    /// <param name="x">[tokens, heads · size].</param>
    /// <param name="angle">In radians.</param>
    /// <param name="turned">How many of a head's first numbers are turned; null: all.</param>
    /// <param name="magnitude">What those are multiplied by.</param>
    public static void Rotate(float[] x, int heads, int size, Func<int, int, double> angle, int? turned = null, double magnitude = 1)
    {
        int half = (turned ?? size) / 2;
        for (int start = 0; start < x.Length; start += size)
        {
            int token = start / (heads * size);
            for (int i = 0; i < half; i++)
            {
                (double sine, double cosine) = Math.SinCos(angle(token, i));
                (float first, float second) = (x[start + i], x[start + i + half]);
                x[start + i] = (float)(magnitude * ((first * cosine) - (second * sine)));
                x[start + i + half] = (float)(magnitude * ((second * cosine) + (first * sine)));
            }
        }
    }

    /// <summary>erf by its Taylor series near 0 and by the continued fraction of erfc beyond (Abramowitz and Stegun, 7.1.6 and 7.1.14).</summary>
    internal static double ErrorFunction(double x)
    {
        double z = Math.Abs(x);
        if (z > 6)
        {
            return Math.Sign(x);
        }

        if (z < 2.5)
        {
            double term = z, sum = z;
            for (int n = 1; Math.Abs(term) > 1e-17 * sum; n++)
            {
                term *= 2 * z * z / ((2 * n) + 1);
                sum += term;
            }

            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum;
        }

        double fraction = z;
        for (int n = 60; n > 0; n--)
        {
            fraction = z + (n / 2.0 / fraction);
        }

        return Math.Sign(x) * (1 - (Math.Exp(-z * z) / (Math.Sqrt(Math.PI) * fraction)));
    }
}
