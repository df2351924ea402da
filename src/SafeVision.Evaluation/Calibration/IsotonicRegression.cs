using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Calibration;

/// <summary>
/// The monotone function nearest to the data in weighted squares, linear between its points and constant outside: calibration
/// without a shape in mind. It wants more data than a sigmoid (hundreds of positives), and ties scores that it cannot order.
/// </summary>
/// <param name="X">The points' scores, rising; inner points of flat stretches are left out.</param>
/// <param name="Y">The value at each point, monotone.</param>
public sealed record IsotonicRegression(IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>Fits by pooling adjacent violators; samples of equal score are averaged first, as in scikit-learn.</summary>
    /// <param name="x">Each sample's score, finite.</param>
    /// <param name="y">Each sample's value: 1 and 0 for calibration.</param>
    /// <param name="weights">Each sample's weight, above 0; empty means 1 each.</param>
    /// <param name="increasing">False to fit a falling function.</param>
    /// <exception cref="ArgumentException">There is no sample, the lengths differ, a number is not finite, or a weight is not above 0.</exception>
    public static IsotonicRegression Fit(
        ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> weights = default, bool increasing = true)
    {
        Check(x, y, weights);
        var (order, sorted) = (new int[x.Length], x.ToArray());
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(sorted, order);

        // One block a distinct score, merged with the one before it while that is not lower.
        List<Block> blocks = [];
        double sign = increasing ? 1 : -1;
        for (int i = 0; i < order.Length;)
        {
            double sum = 0, weight = 0, position = sorted[i];
            for (; i < order.Length && sorted[i] == position; i++)
            {
                double one = weights.IsEmpty ? 1 : weights[order[i]];
                sum += one * sign * y[order[i]];
                weight += one;
            }

            Block block = new(position, position, sum / weight, weight);
            while (blocks.Count > 0 && blocks[^1].Value >= block.Value)
            {
                block = blocks[^1].Join(block);
                blocks.RemoveAt(blocks.Count - 1);
            }

            blocks.Add(block);
        }

        var (xs, ys) = (new List<double>(), new List<double>());
        foreach (Block block in blocks)
        {
            (double value, int points) = (sign * block.Value, block.First == block.Last ? 1 : 2);
            xs.AddRange(points == 1 ? [block.First] : [block.First, block.Last]);
            ys.AddRange(Enumerable.Repeat(value, points));
        }

        return new(xs, ys);
    }

    /// <summary>The fitted value at a score.</summary>
    /// <param name="x">Any number but NaN.</param>
    /// <exception cref="ArgumentException">The score is NaN.</exception>
    public double Apply(double x)
    {
        if (double.IsNaN(x))
        {
            throw new ArgumentException("NaN has no place on the curve; what was not assessed cannot be calibrated.", nameof(x));
        }

        int low = 0, high = X.Count - 1;
        if (x <= X[low] || x >= X[high])
        {
            return x <= X[low] ? Y[low] : Y[high];
        }

        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = X[middle] <= x ? (middle, high) : (low, middle);
        }

        return Y[low] + ((Y[high] - Y[low]) / (X[high] - X[low]) * (x - X[low]));
    }

    private static void Check(ReadOnlySpan<double> x, ReadOnlySpan<double> y, ReadOnlySpan<double> weights)
    {
        MetricInput.SameLength(x.Length, y.Length, nameof(y));
        MetricInput.Finite(x, nameof(x));
        MetricInput.Finite(y, nameof(y));
        if (x.IsEmpty)
        {
            throw new ArgumentException("A curve cannot be fitted to no samples.", nameof(x));
        }

        if (!weights.IsEmpty)
        {
            MetricInput.SameLength(x.Length, weights.Length, nameof(weights));
            MetricInput.Finite(weights, nameof(weights));
            if (weights.ContainsAnyInRange(double.NegativeInfinity, 0))
            {
                throw new ArgumentException("A weight is not above 0; leave the sample out instead.", nameof(weights));
            }
        }
    }

    private readonly record struct Block(double First, double Last, double Value, double Weight)
    {
        public Block Join(Block next) =>
            new(First, next.Last, ((Value * Weight) + (next.Value * next.Weight)) / (Weight + next.Weight), Weight + next.Weight);
    }
}
