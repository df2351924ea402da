namespace SafeVision.Evaluation.Metrics;

/// <summary>
/// Metrics of one label out of several for each sample. Tables are row-major, one row a sample, one column a class.
/// </summary>
public static class MulticlassMetrics
{
    /// <summary>Counts predictions against the truth.</summary>
    /// <param name="truth">Each sample's class, 0 to <paramref name="classes"/> − 1.</param>
    /// <param name="predicted">Each sample's predicted class.</param>
    /// <param name="classes">The number of classes, 1 to 4096.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a label is no class.</exception>
    public static ConfusionMatrix Confusion(ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes) =>
        Confusion(truth, predicted, classes, []);

    /// <summary>The same with each sample taken several times, as a bootstrap draws them.</summary>
    /// <param name="truth">Each sample's class, 0 to <paramref name="classes"/> − 1.</param>
    /// <param name="predicted">Each sample's predicted class.</param>
    /// <param name="classes">The number of classes, 1 to 4096.</param>
    /// <param name="counts">How often each sample counts; empty means once each.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a label is no class.</exception>
    public static ConfusionMatrix Confusion(
        ReadOnlySpan<int> truth, ReadOnlySpan<int> predicted, int classes, ReadOnlySpan<int> counts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, 4096);
        MetricInput.SameLength(truth.Length, predicted.Length, nameof(predicted));
        MetricInput.Classes(truth, classes, nameof(truth));
        MetricInput.Classes(predicted, classes, nameof(predicted));
        MetricInput.SameLength(truth.Length, counts.IsEmpty ? truth.Length : counts.Length, nameof(counts));
        var cells = new long[classes * classes];
        for (int i = 0; i < truth.Length; i++)
        {
            cells[(truth[i] * classes) + predicted[i]] += counts.IsEmpty ? 1 : counts[i];
        }

        return new(cells, classes);
    }

    /// <summary>The most probable class of every sample, the lower index on ties.</summary>
    /// <param name="probabilities">[samples, classes].</param>
    /// <param name="classes">The number of classes.</param>
    public static int[] MostProbable(ReadOnlySpan<double> probabilities, int classes)
    {
        int samples = MetricInput.Rows(probabilities.Length, classes, nameof(probabilities));
        MetricInput.Finite(probabilities, nameof(probabilities));
        var predicted = new int[samples];
        for (int i = 0; i < samples; i++)
        {
            ReadOnlySpan<double> row = probabilities.Slice(i * classes, classes);
            for (int label = 1; label < classes; label++)
            {
                predicted[i] = row[label] > row[predicted[i]] ? label : predicted[i];
            }
        }

        return predicted;
    }

    /// <summary>The share of samples whose class is among the <paramref name="count"/> most probable, the lower index first on ties; null without samples.</summary>
    public static double? TopAccuracy(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int samples = Table(truth, probabilities, classes);
        int hits = 0;
        for (int i = 0; i < samples; i++)
        {
            ReadOnlySpan<double> row = probabilities.Slice(i * classes, classes);
            int before = 0;
            for (int label = 0; label < classes; label++)
            {
                before += row[label] > row[truth[i]] || (row[label] == row[truth[i]] && label < truth[i]) ? 1 : 0;
            }

            hits += before < count ? 1 : 0;
        }

        return samples == 0 ? null : (double)hits / samples;
    }

    /// <summary>Average precision and ROC-AUC of each class against all others.</summary>
    public static CategoryRanking OneVersusRest(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes)
    {
        int samples = Table(truth, probabilities, classes);
        var labels = new bool[truth.Length * classes];
        for (int i = 0; i < samples; i++)
        {
            labels[(i * classes) + truth[i]] = true;
        }

        return CategoryRanking.Of(labels, probabilities, classes);
    }

    /// <summary>The mean over samples of the summed squared errors of all classes' probabilities, 0 (best) to 2; null without samples.</summary>
    public static double? Brier(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes)
    {
        int samples = Table(truth, probabilities, classes);
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            double error = probabilities[i] - (truth[i / classes] == i % classes ? 1 : 0);
            sum += error * error;
        }

        return samples == 0 ? null : sum / samples;
    }

    /// <summary>The mean negative natural logarithm of the true class's probability, which is kept from 0 by 1e-15; null without samples.</summary>
    public static double? LogLoss(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes)
    {
        int samples = Table(truth, probabilities, classes);
        double sum = 0;
        for (int i = 0; i < samples; i++)
        {
            sum -= Math.Log(Math.Max(probabilities[(i * classes) + truth[i]], CalibrationMetrics.SmallestProbability));
        }

        return samples == 0 ? null : sum / samples;
    }

    /// <summary>Calibration error of the most probable class: its probability against whether it was right.</summary>
    /// <inheritdoc cref="CalibrationMetrics.Error" path="/param[@name='bins']"/>
    public static CalibrationError? CalibrationError(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes, int bins = 15)
    {
        int samples = Table(truth, probabilities, classes);
        int[] predicted = MostProbable(probabilities, classes);
        var right = new bool[samples];
        var confidences = new double[samples];
        for (int i = 0; i < samples; i++)
        {
            (right[i], confidences[i]) = (predicted[i] == truth[i], probabilities[(i * classes) + predicted[i]]);
        }

        return CalibrationMetrics.Error(right, confidences, bins);
    }

    private static int Table(ReadOnlySpan<int> truth, ReadOnlySpan<double> probabilities, int classes)
    {
        int samples = MetricInput.Rows(probabilities.Length, classes, nameof(probabilities));
        MetricInput.SameLength(truth.Length, samples, nameof(probabilities));
        MetricInput.Classes(truth, classes, nameof(truth));
        MetricInput.Probabilities(probabilities, nameof(probabilities));
        return samples;
    }
}
