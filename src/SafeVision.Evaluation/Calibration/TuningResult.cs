namespace SafeVision.Evaluation.Calibration;

/// <summary>A policy with tuned thresholds, and what they rest on.</summary>
public sealed record TuningResult
{
    /// <summary>The policy with the new thresholds; everything else is as it was.</summary>
    public required SafetyPolicy Policy { get; init; }

    /// <summary>The run whose scores were used: dataset, models and the hash of the policy before.</summary>
    public required RunIdentity Identity { get; init; }

    /// <summary>One entry for each category, in the policy's order.</summary>
    public required IReadOnlyList<CategoryTuning> Categories { get; init; }

    /// <summary>Distinct images that the thresholds were set on.</summary>
    public required int CalibrationSamples { get; init; }

    /// <summary>Images that show what they do.</summary>
    public required int TestSamples { get; init; }

    /// <summary>Images of both splits that could not be judged; of them the policy's <c>onFailure</c> disposes, whatever the thresholds.</summary>
    public required int Failed { get; init; }

    /// <summary>Calibration samples whose image stood there already; an image counts once, for copies tell nothing new.</summary>
    public required int Repeated { get; init; }

    /// <summary>Whether every category has its promise and the test split speaks against none.</summary>
    public bool IsComplete => Categories.All(category => category.Outcome == TuningOutcome.Tuned && !category.IsContradicted);

    /// <summary>The policy as a file, with comments that say what its thresholds promise and rest on.</summary>
    public string ToYaml()
    {
        StringBuilder yaml = new();
        Comment(yaml, $"Thresholds tuned on {Identity.Dataset} {Identity.DatasetVersion} (sha256 {Identity.DatasetHash}): {CalibrationSamples} images to set them, {TestSamples} others to test them.");
        Comment(yaml, $"Policy before: sha256 {Identity.PolicyHash}. Models: {string.Join(", ", Identity.Models)}.");
        Comment(yaml, "The promises hold for images like those of the dataset, for each category by itself, and for these models only.");
        foreach (CategoryTuning category in Categories)
        {
            Comment(yaml, $"{category.Category}: {category.Statement}.{TestStatement(category)}");
        }

        return yaml.Append(Policy.ToYaml()).ToString();
    }

    private static string TestStatement(CategoryTuning category) => category.Test is { } test
        ? string.Create(CultureInfo.InvariantCulture, $" Test: {test.Counts.FalseNegatives} of {test.Counts.Positives} missed, {test.Counts.FalsePositives} of {test.Counts.Negatives} others flagged{(category.IsContradicted ? ", WHICH SPEAKS AGAINST THE PROMISE" : "")}{(category.FlagsMost ? ": the promise is kept by flagging most of everything" : "")}.")
        : "";

    // Names come from files: a line break in one must not end the comment and begin a policy.
    private static void Comment(StringBuilder yaml, string text) => yaml.Append("# ")
        .Append(string.Create(text.Length, text, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
            {
                target[i] = char.IsControl(source[i]) || source[i] is '\u2028' or '\u2029' ? ' ' : source[i];
            }
        }))
        .Append('\n');
}

/// <summary>One category's thresholds before and after, what they promise and what that rests on.</summary>
public sealed record CategoryTuning
{
    /// <summary>The category's id.</summary>
    public required string Category { get; init; }

    /// <summary>What tuning came to.</summary>
    public required TuningOutcome Outcome { get; init; }

    /// <summary>The review threshold: tuned, or as it was.</summary>
    public required double ReviewAt { get; init; }

    /// <summary>The block threshold: tuned, or as it was, and never below the review threshold.</summary>
    public required double BlockAt { get; init; }

    /// <summary>The promise of the review threshold, before it was rounded down; null where nothing could be counted.</summary>
    public GuaranteedThreshold? Review { get; init; }

    /// <summary>The promise of the block threshold, before it was rounded up; null where none was asked for or nothing could be counted.</summary>
    public GuaranteedThreshold? Block { get; init; }

    /// <summary>What the review threshold does on the test split, which had no part in choosing it; null without samples there.</summary>
    public ThresholdEffect? Test { get; init; }

    /// <summary>What the block threshold does on the test split; null without samples there.</summary>
    public ThresholdEffect? TestBlock { get; init; }

    /// <summary>Samples of the calibration split for which no engine judged the category: the promise does not speak for such images.</summary>
    public int NotAssessed { get; init; }

    /// <summary>Whether the test split speaks against the promise: even the upper end of its recall is too low. Then the two splits
    /// show different images, or chance was unkind; promise nothing before that is known.</summary>
    public bool IsContradicted => Outcome == TuningOutcome.Tuned && Test is { Counts.Positives: > 0 } && Test.Recall.High < 1 - Review!.MaximumRate;

    /// <summary>Whether the promise is kept by flagging most of everything, as the lower end of the test split's false alarms
    /// shows: then the models do not tell the category from other things, and no threshold will.</summary>
    public bool FlagsMost => Outcome == TuningOutcome.Tuned && Test is { FalseAlarms.Low: > 0.5 };

    /// <summary>The promise, or why there is none, in a sentence.</summary>
    public string Statement => Outcome switch
    {
        TuningOutcome.Tuned => $"at most {Percent(Review!.MaximumRate)} missed below review {Number(ReviewAt)}, {Sureness(Review)}: "
            + $"{Review.Errors} of {Review.Samples} calibration images are{BlockStatement}{NotAssessedStatement}",
        TuningOutcome.TooFewSamples => $"not possible with {Review!.Samples} calibration images: a promise of at most {Percent(Review.MaximumRate)} missed, {Sureness(Review)}, takes at least {Review.SamplesNeeded}",
        TuningOutcome.NotSeen => $"not possible: too many of its {Review!.Samples} calibration images score 0, so that the models do not see it",
        TuningOutcome.NotAssessed => "not possible: no engine assessed any of its calibration images",
        _ => "not possible: the dataset was not annotated for it",
    };

    private string BlockStatement => Block switch
    {
        null => "",
        { IsPossible: false } => $"; block {Number(BlockAt)} has no promise, which takes at least {Block.SamplesNeeded} other images and there are {Block.Samples}",
        { Threshold: > 1 } => $"; block {Number(BlockAt)} has no promise, for too many other images score 1",
        _ => $"; at most {Percent(Block.MaximumRate)} of other images at or above block {Number(BlockAt)}, {Sureness(Block)}: {Block.Errors} of {Block.Samples} are",
    };

    private string NotAssessedStatement => NotAssessed > 0 ? $"; {NotAssessed} images were not assessed, and of such the policy's whenNotAssessed disposes" : "";

    private static string Sureness(GuaranteedThreshold promise) =>
        promise.Confidence is { } confidence ? $"with {Percent(confidence)} confidence" : "on average";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.####} %");

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}

/// <summary>What tuning came to for one category.</summary>
public enum TuningOutcome
{
    /// <summary>The review threshold holds the promise.</summary>
    Tuned,

    /// <summary>There are too few of the category's images for any threshold to be promised.</summary>
    TooFewSamples,

    /// <summary>So many of the category's images score 0 that only a threshold that stops every image would do: the models do not see it.</summary>
    NotSeen,

    /// <summary>No engine assessed any of the category's images.</summary>
    NotAssessed,

    /// <summary>The dataset was not annotated for the category.</summary>
    NotAnnotated,
}
