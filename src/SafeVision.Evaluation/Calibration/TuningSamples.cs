namespace SafeVision.Evaluation.Calibration;

/// <summary>The two halves of a run: what thresholds are set on and what shows their effect. No image stands in both.</summary>
internal sealed class TuningSamples
{
    private TuningSamples(IReadOnlyList<TuningSample> calibration, IReadOnlyList<TuningSample> test, int failed, int repeated) =>
        (Calibration, Test, Failed, Repeated) = (calibration, test, failed, repeated);

    public IReadOnlyList<TuningSample> Calibration { get; }
    public IReadOnlyList<TuningSample> Test { get; }
    public int Failed { get; }
    public int Repeated { get; }

    /// <exception cref="EvaluationException">There is no calibration split, or an image of it stands in the test split too.</exception>
    public static TuningSamples Split(EvaluationDataset dataset, EvaluationRun run, CalibrationSource source)
    {
        TuningSample[] all = [.. run.SamplesOf(dataset).Zip(run.Records, (sample, record) => new TuningSample(sample, record))];

        // Without the file's hash nothing tells whether the image stands in the other split too.
        TuningSample[] judged = [.. all.Where(one => one.Record is { Result.Failure: null, ImageHash.Length: > 0 })];
        DatasetSplit split = Choose(dataset, source);
        if (split == DatasetSplit.None)
        {
            judged = Deal(dataset, judged);
            split = DatasetSplit.Calibration;
        }

        TuningSample[] calibration = [.. judged.Where(one => one.Sample.Split == split)];
        TuningSample[] test = [.. judged.Where(one => one.Sample.Split is DatasetSplit.Test or DatasetSplit.None)];
        ThrowIfShared(calibration, test);
        TuningSample[] distinct = [.. calibration.GroupBy(one => one.Record.ImageHash, StringComparer.Ordinal).Select(Merge)];
        return new(distinct, test, all.Length - judged.Length, calibration.Length - distinct.Length);
    }

    /// <summary>The split to calibrate on; None where samples are to be dealt out.</summary>
    public static DatasetSplit Choose(EvaluationDataset dataset, CalibrationSource source)
    {
        bool Has(DatasetSplit split) => dataset.Samples.Any(sample => sample.Split == split);
        switch (source)
        {
            case CalibrationSource.Calibration or CalibrationSource.Automatic when Has(DatasetSplit.Calibration):
                return DatasetSplit.Calibration;
            case CalibrationSource.Validation when Has(DatasetSplit.Validation):
                return DatasetSplit.Validation;
            case CalibrationSource.Dealt when Has(DatasetSplit.None):
            case CalibrationSource.Automatic when dataset.Samples.Count > 0 && dataset.Samples.All(sample => sample.Split == DatasetSplit.None):
                return DatasetSplit.None;
            case CalibrationSource.Dealt:
                throw new EvaluationException($"{dataset.Name} has no samples without a split that could be dealt out. Its test split is left alone: what thresholds are set on can test nothing any more.");
            default:
                string splits = string.Join(", ", dataset.Samples.GroupBy(sample => sample.Split).Select(group => $"{group.Count()} {group.Key}"));
                throw new EvaluationException($"{dataset.Name} has no {(source == CalibrationSource.Validation ? "validation" : "calibration")} split to set thresholds on (it has: {(splits.Length == 0 ? "no samples" : splits)}). Mark some samples as calibration, or calibrate on the validation split.");
        }
    }

    private static TuningSample[] Deal(EvaluationDataset dataset, TuningSample[] judged)
    {
        Dictionary<string, string> hashes = judged.ToDictionary(one => one.Sample.Id, one => one.Record.ImageHash, StringComparer.Ordinal);
        Dictionary<string, DatasetSplit> splits = dataset
            .With([.. judged.Where(one => one.Sample.Split == DatasetSplit.None).Select(one => one.Sample)])
            .SplitByHash([(DatasetSplit.Calibration, 0.5), (DatasetSplit.Test, 0.5)], "tune", sample => hashes[sample.Id])
            .Samples.ToDictionary(sample => sample.Id, sample => sample.Split, StringComparer.Ordinal);
        return [.. judged.Select(one => one with { Sample = one.Sample with { Split = splits.GetValueOrDefault(one.Sample.Id, one.Sample.Split) } })];
    }

    private static void ThrowIfShared(TuningSample[] calibration, TuningSample[] test)
    {
        ILookup<string, TuningSample> tested = test.ToLookup(one => one.Record.ImageHash, StringComparer.Ordinal);
        (TuningSample First, TuningSample Second)[] shared = [.. calibration.Where(one => tested.Contains(one.Record.ImageHash)).Select(one => (one, tested[one.Record.ImageHash].First()))];
        if (shared.Length > 0)
        {
            string examples = string.Join(", ", shared.Take(3).Select(pair => $"'{pair.First.Sample.Id}' is '{pair.Second.Sample.Id}'"));
            throw new EvaluationException($"{shared.Length} {(shared.Length == 1 ? "image stands" : "images stand")} in the calibration split and in the test split: {examples}{(shared.Length > 3 ? ", …" : "")}. Remove them from one of the two, or the test would flatter.");
        }
    }

    // Copies of an image are one image, to which all their labels apply.
    private static TuningSample Merge(IGrouping<string, TuningSample> copies)
    {
        TuningSample first = copies.First();
        return first with { Sample = first.Sample with { Labels = [.. copies.SelectMany(one => one.Sample.Labels).Distinct(StringComparer.OrdinalIgnoreCase)] } };
    }
}

/// <summary>A sample beside what the guardrail said of it.</summary>
internal sealed record TuningSample(EvaluationSample Sample, EvaluationRecord Record);

/// <summary>The scores of one category on some samples, apart by whether it applies.</summary>
/// <param name="PositivesNotAssessed">Samples to which it applies and for which no engine judged it.</param>
internal sealed record TuningScores(double[] Positives, double[] Negatives, int PositivesNotAssessed, int NotAssessed)
{
    public static TuningScores Of(string category, IReadOnlyList<TuningSample> samples)
    {
        (List<double> positives, List<double> negatives) = ([], []);
        int positivesNotAssessed = 0, notAssessed = 0;
        foreach (TuningSample sample in samples)
        {
            bool applies = sample.Sample.Labels.Contains(category, StringComparer.OrdinalIgnoreCase);
            Finding? finding = sample.Record.Result.Find(category);
            if (finding is { Verdict: not Verdict.NotAssessed, Score: { } score })
            {
                (applies ? positives : negatives).Add(score);
            }
            else
            {
                notAssessed++;
                positivesNotAssessed += applies ? 1 : 0;
            }
        }

        return new([.. positives], [.. negatives], positivesNotAssessed, notAssessed);
    }

    /// <summary>What a threshold does on these samples; null without any.</summary>
    public ThresholdEffect? Effect(double threshold, TuningOptions options) => Positives.Length + Negatives.Length == 0 ? null : ThresholdEffect.Measure(
        [.. Enumerable.Repeat(true, Positives.Length), .. Enumerable.Repeat(false, Negatives.Length)],
        [.. Positives, .. Negatives],
        threshold,
        options.Prevalence,
        options.IntervalConfidence);
}
