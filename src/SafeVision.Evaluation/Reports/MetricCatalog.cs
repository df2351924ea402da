namespace SafeVision.Evaluation.Reports;

/// <summary>Every metric that a report can hold. <c>docs/measuring.md</c> explains each at length.</summary>
internal static class MetricCatalog
{
    /// <summary>The metrics, in the order in which a report shows them.</summary>
    public static IReadOnlyList<MetricDescription> All { get; } =
    [
        // Verdicts
        Share("accuracy", "Accuracy", MetricGroup.Verdicts, true, "The share of verdicts that are right."),
        Share("balancedAccuracy", "Balanced accuracy", MetricGroup.Verdicts, true, "The mean of recall and of the share of harmless images let through."),
        Share("precision", "Precision", MetricGroup.Verdicts, true, "Of the images that were flagged, the share that was rightly flagged."),
        Share("recall", "Recall", MetricGroup.Verdicts, true, "Of the harmful images, the share that was flagged."),
        Share("f1", "F1", MetricGroup.Verdicts, true, "One number for precision and recall: their harmonic mean."),
        Share("falsePositiveRate", "False positive rate", MetricGroup.Verdicts, false, "Of the harmless images, the share that was flagged."),
        Share("macroPrecision", "Precision, macro", MetricGroup.Verdicts, true, "The mean of the categories' precisions, each counting the same."),
        Share("macroRecall", "Recall, macro", MetricGroup.Verdicts, true, "The mean of the categories' recalls, each counting the same."),
        Share("macroF1", "F1, macro", MetricGroup.Verdicts, true, "The mean of the categories' F1, each counting the same."),
        Share("microF1", "F1, micro", MetricGroup.Verdicts, true, "F1 over all verdicts of all categories together."),
        Share("weightedF1", "F1, weighted", MetricGroup.Verdicts, true, "The mean of the categories' F1, weighted by their images."),
        Share("exactMatch", "Exact match", MetricGroup.Verdicts, true, "The share of images for which every category's verdict is right."),
        Share("jaccard", "Jaccard", MetricGroup.Verdicts, true, "The overlap of the categories that apply and those that were flagged."),
        Coefficient("kappa", "Cohen's kappa", MetricGroup.Verdicts, "Agreement with the labels beyond what chance gives."),
        Coefficient("mcc", "Matthews correlation", MetricGroup.Verdicts, "Correlation of verdicts with labels; fair where classes are of very different size."),
        Share("prevalence", "Prevalence", MetricGroup.Verdicts, null, "The share of images of the dataset to which a category applies."),
        Share("precisionAtPrevalence", "Precision at prevalence", MetricGroup.Verdicts, true, "What precision would be if harmful images were as rare as stated."),
        Share("notAssessed", "Not assessed", MetricGroup.Verdicts, false, "The share of findings in which no engine judged."),
        Share("failed", "Failed", MetricGroup.Verdicts, false, "The share of images that could not be judged at all."),
        Share("allowed", "Allowed", MetricGroup.Verdicts, null, "The share of images that the policy lets through."),
        Share("blocked", "Blocked", MetricGroup.Verdicts, null, "The share of images that the policy blocks."),
        Share("reviewed", "Sent to review", MetricGroup.Verdicts, null, "The share of images that a person has to look at."),

        // Ranking
        Share("rocAuc", "ROC-AUC", MetricGroup.Ranking, true, "How often a harmful image scores above a harmless one; 0.5 is chance."),
        Share("macroRocAuc", "ROC-AUC, macro", MetricGroup.Ranking, true, "The mean of the categories' ROC-AUC."),
        Share("averagePrecision", "PR-AUC (average precision)", MetricGroup.Ranking, true, "Precision averaged over all recalls; chance is the prevalence."),
        Share("macroAveragePrecision", "PR-AUC, macro", MetricGroup.Ranking, true, "The mean of the categories' average precision."),
        Share("bestF1", "Best F1", MetricGroup.Ranking, true, "F1 at the threshold that suits these labels best; no promise for other images."),
        Share("falsePositiveRateAtRecall", "False positive rate at recall", MetricGroup.Ranking, false, "How many harmless images are flagged when the threshold catches a stated share of the harmful ones."),
        Share("recallAtFalsePositiveRate", "Recall at false positive rate", MetricGroup.Ranking, true, "How many harmful images are caught when only a stated share of the harmless ones may be flagged."),

        // Calibration
        Share("expectedCalibrationError", "Expected calibration error", MetricGroup.Calibration, false, "How far scores are from the shares that they claim, on average."),
        Share("maximumCalibrationError", "Maximum calibration error", MetricGroup.Calibration, false, "The same in the worst bin of scores."),
        Share("brierScore", "Brier score", MetricGroup.Calibration, false, "The mean squared distance of score and truth."),

        // Adherence
        Share("flipRate", "Flip rate", MetricGroup.Adherence, true, "How often the verdict follows when a clause of the policy is added or removed."),
        Share("flipDirectionRate", "Flip direction", MetricGroup.Adherence, true, "How often the score at least moves the way that the clause asks for."),
        Share("stabilityRate", "Stability rate", MetricGroup.Adherence, true, "How often the verdict stays when the policy says the same in other words."),

        // Explanations
        Share("pointingGame", "Pointing game", MetricGroup.Explanations, true, "How often the hottest spot of the heat map lies on the thing."),
        Share("boxIou", "Box IoU", MetricGroup.Explanations, true, "How well the box that was drawn and the true box overlap, on average."),
        Share("boxHitRate", "Box hit rate", MetricGroup.Explanations, true, "How often that overlap is at least one half."),
        Share("energyInBox", "Heat inside the box", MetricGroup.Explanations, true, "The share of the heat that lies on the thing."),
        Share("deletionAuc", "Deletion AUC", MetricGroup.Explanations, false, "The score that is left, on average, while the hottest parts are hidden step by step."),
        Share("insertionAuc", "Insertion AUC", MetricGroup.Explanations, true, "The score that is reached, on average, while the hottest parts are shown step by step."),
        Share("deletionAucRandom", "Deletion AUC, random order", MetricGroup.Explanations, null, "The same with parts hidden in random order: a heat map is to be lower."),
        Share("insertionAucRandom", "Insertion AUC, random order", MetricGroup.Explanations, null, "The same with parts shown in random order: a heat map is to be higher."),
        Share("reasonNamesObject", "Reason names the thing", MetricGroup.Explanations, true, "How often the reason names a thing that is in the image."),
        Share("explanationConsistency", "Consistency", MetricGroup.Explanations, true, "How often category, reason and evidence say the same."),
        Share("rougeL", "ROUGE-L", MetricGroup.Explanations, true, "How much of the reference reason's wording, in order, the reason has."),

        // Robustness
        new("robustnessDrop", "Robustness drop", MetricGroup.Robustness, MetricUnit.Coefficient, false, "How much a metric loses when every image is disturbed in a stated way."),
        Share("decisionChangeRate", "Decisions changed", MetricGroup.Robustness, false, "The share of images whose decision changes when they are disturbed."),

        // Cost
        new("latencyP50", "Latency, p50", MetricGroup.Cost, MetricUnit.Milliseconds, false, "Half of the images take at most this long."),
        new("latencyP95", "Latency, p95", MetricGroup.Cost, MetricUnit.Milliseconds, false, "Nineteen of twenty images take at most this long."),
        new("latencyP99", "Latency, p99", MetricGroup.Cost, MetricUnit.Milliseconds, false, "Ninety-nine of a hundred images take at most this long."),
        new("latencyCold", "Latency, cold", MetricGroup.Cost, MetricUnit.Milliseconds, false, "What the first image takes, before anything is warm."),
        new("imagesPerSecond", "Images per second", MetricGroup.Cost, MetricUnit.ImagesPerSecond, true, "How many images a second the run got through."),
        new("tokensRead", "Tokens read", MetricGroup.Cost, MetricUnit.Count, false, "Tokens of prompt and image that a language model read, for each image."),
        new("tokensWritten", "Tokens written", MetricGroup.Cost, MetricUnit.Count, false, "Tokens that a language model wrote, for each image."),
        Share("escalated", "Escalated", MetricGroup.Cost, false, "The share of images that a cascade handed on to its next engine."),
    ];

    private static readonly Dictionary<string, MetricDescription> ByName = All.ToDictionary(metric => metric.Name, StringComparer.Ordinal);

    /// <summary>The description of a metric; null where the catalogue does not know the name.</summary>
    public static MetricDescription? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>A number of the catalogue's metric.</summary>
    /// <param name="value">The number; null where it is undefined.</param>
    /// <param name="category">The category it is about; null for all together.</param>
    /// <param name="detail">What it was measured at, where the name alone doesn't say.</param>
    public static MetricValue Value(string name, double? value, int support, string? category = null, string? detail = null)
    {
        MetricDescription metric = Find(name) ?? throw new ArgumentException($"There is no metric '{name}'. Add it to MetricCatalog and to docs/measuring.md.", nameof(name));
        return new MetricValue
        {
            Name = name,
            Value = value,
            Support = support,
            Category = category,
            Detail = detail,
            Unit = metric.Unit,
            HigherIsBetter = metric.HigherIsBetter,
        };
    }

    /// <summary>A mean with its interval, by bootstrap.</summary>
    /// <param name="values">One for each sample; none: the mean is undefined.</param>
    /// <param name="seed">What the draws come from.</param>
    /// <param name="detail">What it was measured at, where the name alone doesn't say.</param>
    public static MetricValue Mean(string name, double[] values, int resamples, long seed, string? detail = null)
    {
        if (values.Length == 0)
        {
            return Value(name, null, 0, detail: detail);
        }

        (double? lower, double? upper) = Bootstrap.Intervals(values.Length, [Bootstrap.Mean(values)], resamples, seed)[0];
        return Value(name, values.Average(), values.Length, detail: detail) with { Lower = lower, Upper = upper };
    }

    private static MetricDescription Share(string name, string title, MetricGroup group, bool? higherIsBetter, string meaning) =>
        new(name, title, group, MetricUnit.Share, higherIsBetter, meaning);

    private static MetricDescription Coefficient(string name, string title, MetricGroup group, string meaning) =>
        new(name, title, group, MetricUnit.Coefficient, HigherIsBetter: true, meaning);
}

/// <summary>What a metric is, whatever its value.</summary>
/// <param name="Name">The name that reports store: camelCase, such as <c>rocAuc</c>.</param>
/// <param name="Unit">What its number is.</param>
/// <param name="HigherIsBetter">Whether more is better; null where neither is.</param>
internal sealed record MetricDescription(string Name, string Title, MetricGroup Group, MetricUnit Unit, bool? HigherIsBetter, string Meaning);

/// <summary>The parts of a report, in the order in which it shows them.</summary>
public enum MetricGroup
{
    /// <summary>Was the verdict right?</summary>
    Verdicts,

    /// <summary>Do unsafe images score above safe ones, whatever the threshold?</summary>
    Ranking,

    /// <summary>Does a score of 0.8 mean 80 percent?</summary>
    Calibration,

    /// <summary>Does the verdict follow the policy's words?</summary>
    Adherence,

    /// <summary>Do heat maps, boxes and reasons tell the truth?</summary>
    Explanations,

    /// <summary>What is lost when the image is disturbed?</summary>
    Robustness,

    /// <summary>How long does it take?</summary>
    Cost,
}

/// <summary>One measured number.</summary>
public sealed record MetricValue
{
    /// <summary>The metric's name in the field's words, such as <c>rocAuc</c>: one of those that docs/measuring.md explains.</summary>
    public required string Name { get; init; }

    /// <summary>The category it is about; null for all together.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Category { get; init; }

    /// <summary>What it was measured at, where the name alone doesn't say: <c>0.95</c> for a false positive rate at that recall,
    /// the transform for a drop, the kind of pairs for a flip rate. Null where there is nothing to say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }

    /// <summary>The number; null where it is undefined, as a recall without a positive is.</summary>
    public required double? Value { get; init; }

    /// <summary>The lower end of its interval; null where there is none.</summary>
    public double? Lower { get; init; }

    /// <summary>The upper end of its interval; null where there is none.</summary>
    public double? Upper { get; init; }

    /// <summary>How many samples it rests on: the fewer class where it compares two.</summary>
    public required int Support { get; init; }

    /// <summary>What the number is.</summary>
    public required MetricUnit Unit { get; init; }

    /// <summary>Whether more is better; null where neither is.</summary>
    public bool? HigherIsBetter { get; init; }

    /// <summary>The run that it is from, in a JSON file, so that it can be quoted by itself.</summary>
    [JsonInclude]
    internal string? Run { get; init; }

    /// <summary>What a page calls the metric.</summary>
    [JsonIgnore]
    public string Title => MetricCatalog.Find(Name)?.Title ?? Name;

    /// <summary>Which part of a report it stands in; null for a metric that the library does not know.</summary>
    [JsonIgnore]
    public MetricGroup? Group => MetricCatalog.Find(Name)?.Group;
}

/// <summary>What a metric's number is.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<MetricUnit>))]
public enum MetricUnit
{
    /// <summary>A share, 0 to 1.</summary>
    Share,

    /// <summary>A coefficient, -1 to 1.</summary>
    Coefficient,

    /// <summary>Milliseconds.</summary>
    Milliseconds,

    /// <summary>Images a second.</summary>
    ImagesPerSecond,

    /// <summary>A number of things.</summary>
    Count,
}
