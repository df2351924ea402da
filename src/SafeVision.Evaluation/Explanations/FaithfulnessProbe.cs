namespace SafeVision.Evaluation.Explanations;

/// <summary>Deletion and insertion (Petsiuk, Das and Saenko, "RISE", 2018): hides the image cell by cell, hottest first, or shows
/// it so, and asks the guardrail each time. Beside them stand the same with cells in random order: only what is better than that is
/// the map's merit.</summary>
internal static class FaithfulnessProbe
{
    private const int Steps = 8; // each finding costs four times as many questions
    private const int Resamples = 2_000;

    private static readonly SkiaImageDecoder Decoder = new();

    /// <summary>Measures findings that are true, assessed, and have a heat map, at most so many; which ones depends on the seed.</summary>
    /// <exception cref="EvaluationException">The run is of another dataset, or its images were transformed.</exception>
    public static async Task<Faithfulness> MeasureAsync(
        IImageGuardrail guardrail,
        EvaluationDataset dataset,
        EvaluationRun run,
        int most,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (run.Identity.Transform != "none")
        {
            throw new EvaluationException($"The run's images went through {run.Identity.Transform}, so its heat maps are not of the dataset's images.");
        }

        (EvaluationSample Sample, Finding Finding)[] chosen = Choose(dataset, run, most);
        List<FaithfulnessScore> scores = [];
        for (int i = 0; i < chosen.Length; i++)
        {
            (EvaluationSample sample, Finding finding) = chosen[i];
            if (await MeasureAsync(guardrail, dataset.Open(sample), sample.Id, finding, run.Identity.Seed, cancellationToken).ConfigureAwait(false) is { } score)
            {
                scores.Add(score);
            }

            progress?.Report(new EvaluationProgress(i + 1, chosen.Length, 0));
        }

        return new Faithfulness(scores, chosen.Length - scores.Count, Summarize(scores, run.Identity.Seed));
    }

    /// <summary>Measures one finding; null where the image can't be read or moves, or a disturbed one gets no score.</summary>
    internal static async Task<FaithfulnessScore?> MeasureAsync(
        IImageGuardrail guardrail, ImageSource image, string sample, Finding finding, long seed, CancellationToken cancellationToken, int most = Steps, MaskFill notInserted = MaskFill.Blur)
    {
        HeatMap map = finding.Evidence.HeatMap!;
        if (await DecodeAsync(image, map, cancellationToken).ConfigureAwait(false) is not { } masked)
        {
            return null;
        }

        int[] hottest = [.. Enumerable.Range(0, map.Values.Count).OrderByDescending(cell => map.Values[cell])]; // stable: ties stay in reading order
        int[] shuffled = [.. Enumerable.Range(0, map.Values.Count)];
        new SeededRandom(DatasetSplits.Bits($"{seed}", $"{sample}\n{finding.Category}")).Shuffle<int>(shuffled);
        double deletion = await AreaAsync(hottest, false, MaskFill.Mean).ConfigureAwait(false);
        double deletionRandom = await AreaAsync(shuffled, false, MaskFill.Mean).ConfigureAwait(false);
        double insertion = await AreaAsync(hottest, true, notInserted).ConfigureAwait(false);
        double insertionRandom = await AreaAsync(shuffled, true, notInserted).ConfigureAwait(false);
        return double.IsNaN(deletion + deletionRandom + insertion + insertionRandom)
            ? null
            : new FaithfulnessScore(sample, finding.Category, deletion, deletionRandom, insertion, insertionRandom);

        async Task<double> AreaAsync(int[] order, bool shown, MaskFill fill)
        {
            int steps = Math.Min(most, order.Length);
            int[] counts = [.. Enumerable.Range(0, steps + 1).Select(step => order.Length * step / steps)];
            double[] shares = Shares(masked, order, counts);
            List<double> heights = [];
            IAsyncEnumerable<ImageSource> images = counts.Select(count => masked.With(order.AsSpan(0, count), shown, fill)).ToAsyncEnumerable();
            await foreach (GuardrailResult result in guardrail.CheckManyAsync(images, cancellationToken).ConfigureAwait(false))
            {
                heights.Add(result.Find(finding.Category)?.Score ?? double.NaN);
            }

            return Trapezoid(shares, heights);
        }
    }

    /// <summary>The area under a line by the trapezoid rule.</summary>
    internal static double Trapezoid(IReadOnlyList<double> x, IReadOnlyList<double> y) =>
        Enumerable.Range(1, x.Count - 1).Sum(i => (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2);

    /// <summary>The share of the map's pixels that each number of cells has.</summary>
    private static double[] Shares(MaskedImage masked, int[] order, int[] counts)
    {
        long[] areas = new long[order.Length + 1];
        for (int i = 0; i < order.Length; i++)
        {
            areas[i + 1] = areas[i] + masked.Area(order[i]);
        }

        return [.. counts.Select(count => (double)areas[count] / areas[^1])];
    }

    private static async Task<MaskedImage?> DecodeAsync(ImageSource image, HeatMap map, CancellationToken cancellationToken)
    {
        try
        {
            using DecodedImage decoded = await Decoder.DecodeAsync(image, new ImageDecodeOptions(), cancellationToken).ConfigureAwait(false);
            ImageFrame frame = decoded.Frames[0];
            return decoded.FrameCount == 1 ? new MaskedImage(new RgbImage(frame.Width, frame.Height, frame.Pixels.ToArray()), map) : null;
        }
        catch (ImageRejectedException)
        {
            return null;
        }
    }

    private static (EvaluationSample Sample, Finding Finding)[] Choose(EvaluationDataset dataset, EvaluationRun run, int most) =>
        [
            .. run.SamplesOf(dataset).Zip(run.Records)
                .SelectMany(pair => pair.Second.Result.Findings.Select(finding => (Sample: pair.First, Finding: finding)))
                .Where(pair => pair.Sample.Labels.Contains(pair.Finding.Category) && pair.Finding is { Verdict: not Verdict.NotAssessed, Evidence.HeatMap: not null })
                .OrderBy(pair => DatasetSplits.Fraction($"{run.Identity.Seed}", $"{pair.Sample.Id}\n{pair.Finding.Category}"))
                .Take(most),
        ];

    private static MetricValue[] Summarize(List<FaithfulnessScore> scores, long seed)
    {
        return
        [
            Mean("deletionAuc", score => score.Deletion),
            Mean("deletionAucRandom", score => score.DeletionRandom),
            Mean("insertionAuc", score => score.Insertion),
            Mean("insertionAucRandom", score => score.InsertionRandom),
        ];

        MetricValue Mean(string name, Func<FaithfulnessScore, double> value) => MetricCatalog.Mean(name, [.. scores.Select(value)], Resamples, seed);
    }
}

/// <summary>What deletion and insertion showed.</summary>
/// <param name="Scores">Each finding that was measured.</param>
/// <param name="LeftOut">Findings that could not be: the image can't be read or moves, or a disturbed one got no score.</param>
/// <param name="Metrics">The means with their intervals; null where nothing was measured.</param>
internal sealed record Faithfulness(IReadOnlyList<FaithfulnessScore> Scores, int LeftOut, IReadOnlyList<MetricValue> Metrics);

/// <summary>How a finding's score follows its heat map. Areas under curves of the score over the share of the image, 0 to 1.</summary>
/// <param name="Deletion">While the hottest parts are hidden first: low for a map that shows what the score rests on.</param>
/// <param name="DeletionRandom">While parts are hidden in random order.</param>
/// <param name="Insertion">While the hottest parts are shown first: high for such a map.</param>
/// <param name="InsertionRandom">While parts are shown in random order.</param>
internal sealed record FaithfulnessScore(string Sample, string Category, double Deletion, double DeletionRandom, double Insertion, double InsertionRandom);
