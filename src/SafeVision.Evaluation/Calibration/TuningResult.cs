using System.Globalization;
using System.Text;
using SafeVision.Evaluation.Runs;
using SafeVision.Policies;

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
