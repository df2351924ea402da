namespace SafeVision.Conversion.Calibration;

/// <summary>By what each channel of a layer's input is divided, and the weights that meet it multiplied, so that
/// rounding with one scale for all channels loses little (Xiao et al., arXiv 2211.10438). Of several strengths the one
/// counts whose error, as estimated from some rows of the weights, is the least, if that is clearly less than
/// without.</summary>
/// <param name="Factors">A factor for each channel; null: dividing would not help, or is not possible.</param>
/// <param name="Error">The estimated root of the squared error by that of the squares, behind the layer.</param>
/// <param name="RowError">The same with a scale for each token's input.</param>
internal sealed record ChannelSmoothing(float[]? Factors, double Error, double RowError)
{
    private const int SampleRows = 64; // of each weight
    private const float InputSteps = 255;
    private const float WeightSteps = 63; // see DynamicMatMul
    private const double Worthwhile = 0.6; // of the error without; an estimate from a few samples tells no less
    private const float Rarest = 1e-4f; // of the largest channel: what comes in less counts as so much

    private static readonly double[] s_strengths = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

    /// <param name="canDivide">Whether what makes the input can be divided at all.</param>
    /// <param name="groups">For each channel, the group that shares a factor; null: each is its own.</param>
    public static ChannelSmoothing Choose(ChannelRange input, IReadOnlyList<WeightMatrix> weights, bool canDivide, int[]? groups = null)
    {
        float[][] samples = [.. weights.Select(Sample)];
        ChannelSmoothing plain = Estimate(input, samples, null);
        ChannelSmoothing best = plain;
        foreach (double strength in canDivide ? s_strengths : [])
        {
            ChannelSmoothing smoothed = Estimate(input, samples, At(strength, input, samples, groups));
            best = smoothed.Error < best.Error ? smoothed : best;
        }

        return best.Error <= Worthwhile * plain.Error ? best : plain;

        static float[] Sample(WeightMatrix weight)
        {
            int columns = weight.Columns, count = Math.Min(SampleRows, weight.Rows);
            float[] rows = new float[count * columns];
            for (int i = 0; i < count; i++)
            {
                weight.ReadRows((int)((long)i * weight.Rows / count), rows.AsSpan(i * columns, columns));
            }

            return rows;
        }
    }

    private static float[] At(double strength, ChannelRange input, float[][] samples, int[]? groups)
    {
        int channels = input.Least.Length;
        float[] came = new float[channels], meets = new float[channels];
        for (int i = 0; i < channels; i++)
        {
            int group = groups?[i] ?? i;
            came[group] = Math.Max(came[group], Math.Max(-input.Least[i], input.Most[i]));
            foreach (float[] rows in samples)
            {
                for (int place = i; place < rows.Length; place += channels)
                {
                    meets[group] = Math.Max(meets[group], Math.Abs(rows[place]));
                }
            }
        }

        (float leastCame, float leastMeets) = (Rarest * came.Max(), Rarest * meets.Max());
        float[] factors = new float[channels];
        for (int i = 0; i < channels; i++)
        {
            int group = groups?[i] ?? i;
            double factor = Math.Pow(Math.Max(came[group], leastCame), strength) / Math.Pow(Math.Max(meets[group], leastMeets), 1 - strength);
            factors[i] = double.IsNormal(factor) ? (float)factor : 1;
        }

        float middle = (float)Math.Exp(factors.Average(factor => Math.Log(factor)));
        return [.. factors.Select(factor => factor / middle)];
    }

    /// <summary>Uniform errors of a step's width in inputs and weights, taken as independent.</summary>
    private static ChannelSmoothing Estimate(ChannelRange input, float[][] samples, float[]? factors)
    {
        int channels = input.Least.Length;
        (double least, double most, double power) = (0, 0, 0); // of all channels, divided
        for (int i = 0; i < channels; i++)
        {
            float factor = factors?[i] ?? 1;
            least = Math.Min(least, input.Least[i] / factor);
            most = Math.Max(most, input.Most[i] / factor);
            power += input.Power[i] / (factor * factor);
        }

        double inputStep = (most - least) / InputSteps, rowStep = inputStep * inputStep * input.TokenShare, sum = 0, rowSum = 0;
        foreach (float[] rows in samples)
        {
            (double error, double rowError, double signal) = (0, 0, 0);
            for (int start = 0; start < rows.Length; start += channels)
            {
                (double largest, double squares) = (0, 0);
                for (int i = 0; i < channels; i++)
                {
                    double weight = rows[start + i], scaled = weight * (factors?[i] ?? 1);
                    largest = Math.Max(largest, Math.Abs(scaled));
                    squares += scaled * scaled;
                    signal += weight * weight * input.Power[i];
                }

                double weightStep = largest / WeightSteps;
                error += ((inputStep * inputStep * squares) + (weightStep * weightStep * power)) / 12;
                rowError += ((rowStep * squares) + (weightStep * weightStep * power)) / 12;
            }

            sum += signal > 0 ? error / signal : 0;
            rowSum += signal > 0 ? rowError / signal : 0;
        }

        return new ChannelSmoothing(factors, Math.Sqrt(sum / samples.Length), Math.Sqrt(rowSum / samples.Length));
    }
}
