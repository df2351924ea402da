using System.Numerics.Tensors;

namespace SafeVision.Training.Data.Filtering;

/// <summary>Multinomial logistic regression with a ridge, fitted by L-BFGS (Nocedal and Wright, algorithm 7.4) with
/// backtracking: the loss is convex, so it has one minimum and needs no seed.</summary>
internal static class LogisticRegression
{
    private const int Memory = 10;
    private const int MostSteps = 500;
    private const double SmallGradient = 1e-5;

    /// <summary>Fits weights.</summary>
    /// <param name="features">Standardised features of each sample: [samples][features].</param>
    /// <param name="labels">The class of each sample.</param>
    /// <param name="ridge">The penalty on squared weights, for each sample; offsets are free.</param>
    /// <returns>Weights and offset of each class: [classes, features + 1].</returns>
    public static double[] Fit(IReadOnlyList<float[]> features, IReadOnlyList<int> labels, int classes, double ridge, CancellationToken cancellationToken)
    {
        int width = features[0].Length + 1;
        double[][] rows = [.. features.Select(row => (double[])[.. row.Select(value => (double)value), 1])];
        double[] at = new double[classes * width], gradient = new double[at.Length], next = new double[at.Length], nextGradient = new double[at.Length];
        double loss = Loss(rows, labels, classes, ridge, at, gradient);
        List<(double[] Step, double[] Change, double Scale)> history = [];
        for (int i = 0; i < MostSteps && TensorPrimitives.Norm<double>(gradient) > SmallGradient; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double[] direction = Direction(gradient, history);
            double slope = TensorPrimitives.Dot<double>(direction, gradient), size = history.Count == 0 ? Math.Min(1, 1 / TensorPrimitives.Norm<double>(gradient)) : 1;
            double nextLoss;
            while (true)
            {
                TensorPrimitives.MultiplyAdd(direction, size, at, next);
                nextLoss = Loss(rows, labels, classes, ridge, next, nextGradient);
                if (nextLoss <= loss + (1e-4 * size * slope) || size < 1e-12)
                {
                    break;
                }

                size /= 2;
            }

            double[] step = new double[at.Length], change = new double[at.Length];
            TensorPrimitives.Subtract<double>(next, at, step);
            TensorPrimitives.Subtract<double>(nextGradient, gradient, change);
            double curvature = TensorPrimitives.Dot<double>(step, change);
            if (curvature > 1e-12)
            {
                history.Add((step, change, 1 / curvature));
                history.RemoveRange(0, Math.Max(0, history.Count - Memory));
            }

            bool stands = loss - nextLoss < 1e-12;
            (at, next, gradient, nextGradient, loss) = (next, at, nextGradient, gradient, nextLoss);
            if (stands)
            {
                break;
            }
        }

        return at;
    }

    /// <summary>The classes' probabilities for one sample.</summary>
    public static double[] Predict(double[] weights, ReadOnlySpan<double> row, int classes)
    {
        double[] shares = new double[classes];
        for (int i = 0; i < classes; i++)
        {
            shares[i] = TensorPrimitives.Dot(weights.AsSpan(i * row.Length, row.Length), row);
        }

        TensorPrimitives.SoftMax<double>(shares, shares);
        return shares;
    }

    private static double Loss(double[][] rows, IReadOnlyList<int> labels, int classes, double ridge, double[] weights, double[] gradient)
    {
        int width = rows[0].Length;
        Array.Clear(gradient);
        double loss = 0;
        for (int sample = 0; sample < rows.Length; sample++)
        {
            double[] shares = Predict(weights, rows[sample], classes);
            loss -= Math.Log(Math.Max(shares[labels[sample]], 1e-300));
            shares[labels[sample]] -= 1;
            for (int i = 0; i < classes; i++)
            {
                Span<double> own = gradient.AsSpan(i * width, width);
                TensorPrimitives.MultiplyAdd(rows[sample], shares[i], own, own);
            }
        }

        TensorPrimitives.Divide(gradient, rows.Length, gradient);
        loss /= rows.Length;
        for (int i = 0; i < classes; i++)
        {
            ReadOnlySpan<double> own = weights.AsSpan(i * width, width - 1); // without the offset
            Span<double> ownGradient = gradient.AsSpan(i * width, width - 1);
            TensorPrimitives.MultiplyAdd(own, ridge, ownGradient, ownGradient);
            loss += 0.5 * ridge * TensorPrimitives.SumOfSquares(own);
        }

        return loss;
    }

    /// <summary>The two-loop recursion: minus the gradient times what is known of the inverse curvature.</summary>
    private static double[] Direction(double[] gradient, List<(double[] Step, double[] Change, double Scale)> history)
    {
        double[] direction = [.. gradient.Select(value => -value)];
        double[] parts = new double[history.Count];
        for (int i = history.Count - 1; i >= 0; i--)
        {
            parts[i] = history[i].Scale * TensorPrimitives.Dot<double>(history[i].Step, direction);
            TensorPrimitives.MultiplyAdd(history[i].Change, -parts[i], direction, direction);
        }

        if (history.Count > 0)
        {
            (_, double[] change, double scale) = history[^1];
            TensorPrimitives.Multiply(direction, 1 / (scale * TensorPrimitives.SumOfSquares<double>(change)), direction);
        }

        for (int i = 0; i < history.Count; i++)
        {
            double back = history[i].Scale * TensorPrimitives.Dot<double>(history[i].Change, direction);
            TensorPrimitives.MultiplyAdd(history[i].Step, parts[i] - back, direction, direction);
        }

        return direction;
    }
}
