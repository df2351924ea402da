namespace SafeVision.Evaluation.Explanations;

/// <summary>Measures the explanations of a run against the truth: where heat maps and boxes point, what reasons name, and whether
/// category, reason and evidence agree.</summary>
/// <remarks>Heat maps and boxes are measured for the categories that apply, whatever the verdict, as the pointing game does: where
/// the model looks is one question and how sure it is another. Each number rests on the findings that have what it needs; a number
/// without any is null with a support of 0, never a perfect one.</remarks>
internal static class ExplanationMetrics
{
    private const int Resamples = 2_000;
    private const double PointingTolerance = 0.03; // of the image's width and height: the pointing game's 15 pixels
    private const double BoxOverlap = 0.5; // from which a box counts as a hit

    /// <summary>The numbers of all categories together, then of each that has one.</summary>
    /// <exception cref="EvaluationException">The run has an answer for a sample that the dataset does not have.</exception>
    public static IReadOnlyList<MetricValue> Of(EvaluationDataset dataset, EvaluationRun run)
    {
        List<ExplanationValue> values = [];
        foreach ((int row, EvaluationSample sample) in run.SamplesOf(dataset).Index())
        {
            foreach (Finding finding in run.Records[row].Result.Findings)
            {
                Add(values, row, finding, sample);
            }
        }

        string[] names = ["pointingGame", "boxIou", "boxHitRate", "energyInBox", "reasonNamesObject", "explanationConsistency"];
        IReadOnlyList<string> categories = run.Categories;
        ILookup<string, ExplanationValue> byName = values.ToLookup(value => value.Name);
        ILookup<(string, string?), ExplanationValue> byCategory = values.ToLookup(value => (value.Name, (string?)value.Category));
        (string Name, string? Category, ExplanationValue[] Values)[] means =
        [
            .. names.Select(name => (name, (string?)null, byName[name].ToArray())),
            .. categories.SelectMany(category => names.Select(name => (name, (string?)category, byCategory[(name, category)].ToArray()))).Where(mean => mean.Item3.Length > 0),
        ];
        return Summarize(means, run);
    }

    private static void Add(List<ExplanationValue> values, int row, Finding finding, EvaluationSample sample)
    {
        ImageBox[] truth = [.. sample.Objects.Where(thing => thing.Categories.Contains(finding.Category)).Select(thing => thing.Box)];
        bool applies = sample.Labels.Contains(finding.Category) && truth.Length > 0;
        if (applies && finding.Evidence.HeatMap is { } map && HeatMapMetrics.EnergyInside(map, truth) is var energy && !double.IsNaN(energy))
        {
            Value("pointingGame", HeatMapMetrics.PointingGame(map, truth, PointingTolerance));
            Value("energyInBox", energy);
        }

        // The first box is the one that the engine shows as the strongest; taking the best of many would reward many.
        if (applies && finding.Evidence.Boxes is [ImageBox strongest, ..])
        {
            double overlap = BoxMetrics.Best(strongest, truth);
            Value("boxIou", overlap);
            Value("boxHitRate", overlap >= BoxOverlap ? 1 : 0);
        }

        if (applies && finding.Verdict == Verdict.Unsafe)
        {
            Value("reasonNamesObject", ExplanationChecks.NamesObject(finding, sample) ? 1 : 0);
        }

        // A finding that nobody assessed claims nothing that could be inconsistent.
        if (finding.Verdict != Verdict.NotAssessed)
        {
            Value("explanationConsistency", ExplanationChecks.IsConsistent(finding) ? 1 : 0);
        }

        void Value(string name, double value) => values.Add(new ExplanationValue(name, finding.Category, row, value));
    }

    /// <summary>The means over findings. Samples are resampled, not findings: those of one image hang together.</summary>
    private static MetricValue[] Summarize((string Name, string? Category, ExplanationValue[] Values)[] means, EvaluationRun run)
    {
        (double? Lower, double? Upper)[] ends = Bootstrap.Intervals(
            run.Records.Count, [.. means.Select(mean => Bootstrap.MeanOf([.. mean.Values.Select(value => (value.Row, value.Value))]))], Resamples, run.Identity.Seed);
        return
        [
            .. means.Zip(ends, (mean, end) => MetricCatalog.Value(
                mean.Name, mean.Values.Length == 0 ? null : mean.Values.Average(value => value.Value), mean.Values.Length, mean.Category) with
            {
                Lower = end.Lower,
                Upper = end.Upper,
            }),
        ];
    }
}

/// <summary>What one finding of one sample contributes to a metric.</summary>
internal readonly record struct ExplanationValue(string Name, string Category, int Row, double Value);
