namespace SafeVision.Evaluation.Metrics;

/// <summary>How many samples of each true class (row) were predicted as each class (column). Immutable.</summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts; // [truth, predicted]
    private readonly long[] _actual;
    private readonly long[] _predicted;

    internal ConfusionMatrix(long[] counts, int classes)
    {
        (_counts, Classes) = (counts, classes);
        (_actual, _predicted) = (new long[classes], new long[classes]);
        for (int i = 0; i < counts.Length; i++)
        {
            _actual[i / classes] += counts[i];
            _predicted[i % classes] += counts[i];
            Right += i / classes == i % classes ? counts[i] : 0;
            Total += counts[i];
        }
    }

    /// <summary>The number of classes.</summary>
    public int Classes { get; }

    /// <summary>The number of samples.</summary>
    public long Total { get; }

    private long Right { get; }

    /// <summary>How many samples of class <paramref name="truth"/> were predicted as <paramref name="predicted"/>.</summary>
    public long this[int truth, int predicted]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)truth, (uint)Classes, nameof(truth));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)predicted, (uint)Classes, nameof(predicted));
            return _counts[(truth * Classes) + predicted];
        }
    }

    /// <summary>How many samples truly belong to a class.</summary>
    public long Actual(int label) => _actual[label];

    /// <summary>How many samples were predicted as a class.</summary>
    public long Predicted(int label) => _predicted[label];

    /// <summary>The share of right predictions; null without samples.</summary>
    public double? Accuracy => Total == 0 ? null : (double)Right / Total;

    /// <summary>The mean recall of the classes that occur in the truth; null without samples.</summary>
    public double? BalancedAccuracy
    {
        get
        {
            double sum = 0;
            int present = 0;
            for (int label = 0; label < Classes; label++)
            {
                if (_actual[label] > 0)
                {
                    sum += (double)_counts[(label * Classes) + label] / _actual[label];
                    present++;
                }
            }

            return present == 0 ? null : sum / present;
        }
    }

    /// <summary>
    /// Matthews' correlation for any number of classes (Gorodkin 2004), −1 to 1; 0 where truth or prediction is constant,
    /// as in scikit-learn; null without samples.
    /// </summary>
    public double? MatthewsCorrelation
    {
        get
        {
            if (Total == 0)
            {
                return null;
            }

            double covariance = (double)Right * Total, truthSpread = (double)Total * Total, predictedSpread = truthSpread;
            for (int label = 0; label < Classes; label++)
            {
                covariance -= (double)_actual[label] * _predicted[label];
                truthSpread -= (double)_actual[label] * _actual[label];
                predictedSpread -= (double)_predicted[label] * _predicted[label];
            }

            return truthSpread > 0 && predictedSpread > 0 ? covariance / Math.Sqrt(truthSpread) / Math.Sqrt(predictedSpread) : 0;
        }
    }

    /// <summary>
    /// Cohen's kappa: agreement beyond what the two marginals give by chance, 1 at best; null where chance leaves no
    /// disagreement (truth and predictions all in one and the same class, or no samples).
    /// </summary>
    public double? Kappa(KappaWeights weights)
    {
        double observed = 0, expected = 0;
        for (int truth = 0; truth < Classes; truth++)
        {
            for (int predicted = 0; predicted < Classes; predicted++)
            {
                int distance = Math.Abs(truth - predicted);
                double weight = weights switch
                {
                    KappaWeights.None => distance == 0 ? 0 : 1,
                    KappaWeights.Linear => distance,
                    KappaWeights.Quadratic => (double)distance * distance,
                    _ => throw new ArgumentOutOfRangeException(nameof(weights)),
                };
                observed += weight * _counts[(truth * Classes) + predicted];
                expected += weight * _actual[truth] * _predicted[predicted];
            }
        }

        return expected == 0 ? null : 1 - (observed * Total / expected);
    }

    /// <summary>Precision, recall and F1 of every class and their averages over all classes.</summary>
    public AveragedScores Scores() => AveragedScores.Over(this, [.. Enumerable.Range(0, Classes)]);

    /// <summary>The same over some classes only; samples of others still count as their false alarms and misses.</summary>
    /// <param name="labels">The classes, in the order in which <see cref="AveragedScores.PerClass"/> shall have them.</param>
    /// <exception cref="ArgumentException">A label occurs twice, or is no class of this matrix.</exception>
    public AveragedScores Scores(IReadOnlyList<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        MetricInput.Classes([.. labels], Classes, nameof(labels));
        return labels.Distinct().Count() == labels.Count
            ? AveragedScores.Over(this, labels)
            : throw new ArgumentException("A label occurs twice, so it would count twice in the averages.", nameof(labels));
    }

    /// <summary>The classes that occur in the truth or among the predictions, in rising order.</summary>
    public IReadOnlyList<int> PresentLabels() =>
        [.. Enumerable.Range(0, Classes).Where(label => _actual[label] + _predicted[label] > 0)];
}
