namespace SafeVision.Evaluation;

/// <summary>What <see cref="Evaluator"/> measures, on what, and where the report goes.</summary>
/// <remarks>Read when the work begins; numbers out of their range then throw <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class EvaluationOptions
{
    /// <summary>Makes the guardrail that is measured, under a policy. It is disposed after use. Give it a long time-out: a busy
    /// machine must not change a number.</summary>
    public Func<SafetyPolicy, IImageGuardrail>? CreateGuardrail { get; set; }

    /// <summary>A dataset's folder or file, or <see cref="Evaluator.VisionHarmS"/> (the default), which is drawn on the spot.</summary>
    public string Dataset { get; set; } = Evaluator.VisionHarmS;

    /// <summary>How the dataset is read.</summary>
    public DatasetReadOptions Reading { get; set; } = new();

    /// <summary>The policies; each gets a report. Empty (the default): those in the dataset's folder <c>policies</c>, else the starter policy.</summary>
    public IReadOnlyList<SafetyPolicy> Policies { get; set; } = [];

    /// <summary>Where runs and reports go; with several policies each has a folder in it. A run that was stopped goes on from what is there. Default: <c>evaluation</c>.</summary>
    public string Folder { get; set; } = "evaluation";

    /// <summary>Which samples are judged. Default: those of the test split and those of none.</summary>
    public IReadOnlyCollection<DatasetSplit> Splits { get; set; } = [DatasetSplit.None, DatasetSplit.Test];

    /// <summary>The most samples, at least 1; which ones depends on the seed alone. Null (the default): all, or 1,000 of VisionHarm-S.</summary>
    public int? Limit { get; set; }

    /// <summary>The seed of all that is drawn at random. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>The share of harmful images where the guardrail will work, above 0 and below 1, for precision there. Default: 0.01.</summary>
    public double Prevalence { get; set; } = 0.01;

    /// <summary>Whether to measure what noise, blur, JPEG, crops, turns, overlaid text and the like cost: one more run for each.</summary>
    public bool Robustness { get; set; }

    /// <summary>Whether to measure if verdicts follow the policy's words: clauses added and removed, other wordings.</summary>
    public bool Adherence { get; set; }

    /// <summary>On how many findings to measure heat maps by deletion and insertion, at least 1; each is judged dozens of times. Null (the default): on none.</summary>
    public int? FaithfulnessFindings { get; set; }

    /// <summary>With how many images to measure time, cold and warm, 1 to 100,000. Null (the default): not at all.</summary>
    public int? LatencyImages { get; set; }
}

/// <summary>What was measured under one policy.</summary>
/// <param name="Report">The numbers.</param>
/// <param name="Page">The path of the report's page; <c>report.json</c> and <c>report.md</c> stand beside it.</param>
public sealed record EvaluationResult(EvaluationReport Report, string Page);

/// <summary>How far a long piece of work is.</summary>
/// <param name="Done">What is done, samples or images.</param>
/// <param name="Total">What there is to do.</param>
/// <param name="Resumed">What of <paramref name="Done"/> an earlier run had left.</param>
public sealed record EvaluationProgress(int Done, int Total, int Resumed)
{
    /// <summary>What is being done, where the work has several parts; empty where it has one.</summary>
    public string Step { get; init; } = "";

    /// <summary>What is wrong with the dataset: told once, before anything is judged.</summary>
    public IReadOnlyList<DatasetProblem> Problems { get; init; } = [];

    /// <summary>How many problems there are, listed or not.</summary>
    public int ProblemCount { get; init; }
}

/// <summary>A file of cases, an icon set, a run's folder or the data to tune thresholds on can't be used; the message says which,
/// where, what is wrong and how to mend it.</summary>
public sealed class EvaluationException(string message, Exception? innerException = null) : Exception(message, innerException);
