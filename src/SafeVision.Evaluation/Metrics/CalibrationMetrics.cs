namespace SafeVision.Evaluation.Metrics;

/// <summary>Whether a score of 0.8 means 80 %.</summary>
internal static class CalibrationMetrics
{
    /// <summary>Expected and maximum calibration error over bins of equal width; null without samples.</summary>
    /// <param name="outcome">Whether each sample was positive (for a score) or right (for a confidence).</param>
    /// <param name="probabilities">Each sample's score or confidence, 0 to 1.</param>
    public static CalibrationError? Error(ReadOnlySpan<bool> outcome, ReadOnlySpan<double> probabilities)
    {
        const int bins = 15; // the literature's
        Check(outcome, probabilities);
        if (probabilities.IsEmpty)
        {
            return null;
        }

        var (counts, right, sums) = (new int[bins], new int[bins], new double[bins]);
        for (int i = 0; i < probabilities.Length; i++)
        {
            int bin = BinOf(probabilities[i], bins);
            counts[bin]++;
            right[bin] += outcome[i] ? 1 : 0;
            sums[bin] += probabilities[i];
        }

        ReliabilityBin[] filled =
        [
            .. Enumerable.Range(0, bins).Where(bin => counts[bin] > 0)
                .Select(bin => new ReliabilityBin(bin, counts[bin], (double)right[bin] / counts[bin], sums[bin] / counts[bin])),
        ];
        double samples = probabilities.Length;
        return new(filled.Sum(bin => bin.Count / samples * Gap(bin)), filled.Max(Gap), filled);
    }

    /// <summary>The mean squared error of the probabilities, 0 (best) to 1; null without samples.</summary>
    /// <inheritdoc cref="Error" path="/param[@name!='bins']"/>
    public static double? Brier(ReadOnlySpan<bool> outcome, ReadOnlySpan<double> probabilities)
    {
        Check(outcome, probabilities);
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            double error = probabilities[i] - (outcome[i] ? 1 : 0);
            sum += error * error;
        }

        return probabilities.IsEmpty ? null : sum / probabilities.Length;
    }

    private static double Gap(ReliabilityBin bin) => Math.Abs(bin.Accuracy - bin.Confidence);

    // The product rounds, so a probability on an edge is put right by comparing it with the edge itself.
    private static int BinOf(double probability, int bins)
    {
        int bin = Math.Clamp((int)Math.Ceiling(probability * bins) - 1, 0, bins - 1);
        if (bin > 0 && probability <= (double)bin / bins)
        {
            return bin - 1;
        }

        return bin < bins - 1 && probability > (bin + 1.0) / bins ? bin + 1 : bin;
    }

    private static void Check(ReadOnlySpan<bool> outcome, ReadOnlySpan<double> probabilities)
    {
        MetricInput.SameLength(outcome.Length, probabilities.Length, nameof(probabilities));
        MetricInput.Probabilities(probabilities, nameof(probabilities));
    }
}

/// <summary>How far confidences lie from what happens.</summary>
/// <param name="Expected">ECE: the mean gap between confidence and accuracy over the bins, weighted by their samples (Guo et al. 2017).</param>
/// <param name="Maximum">MCE: the largest gap of a bin, however few samples it has.</param>
/// <param name="Bins">The bins with samples, in rising order: a reliability diagram.</param>
internal sealed record CalibrationError(double Expected, double Maximum, IReadOnlyList<ReliabilityBin> Bins);

/// <summary>The samples whose confidence lies in one bin of a reliability diagram.</summary>
/// <param name="Index">The bin: confidences above Index / bins and up to (Index + 1) / bins; 0 belongs to the first.</param>
/// <param name="Count">How many samples; at least 1, empty bins are left out.</param>
/// <param name="Accuracy">The share that was right (or positive).</param>
/// <param name="Confidence">The mean confidence.</param>
internal readonly record struct ReliabilityBin(int Index, int Count, double Accuracy, double Confidence);
