using SafeVision.Evaluation.Datasets;

namespace SafeVision.Cli;

/// <summary>What a command line asks <c>evaluate</c> to measure.</summary>
/// <param name="Dataset">A dataset's folder or file, or <c>visionharm-s</c>.</param>
/// <param name="Reading">How the dataset is read.</param>
/// <param name="Policies">Policy files; empty: those of the dataset, else the starter policy.</param>
/// <param name="Folder">Where runs and reports go.</param>
/// <param name="Split">train, validation, calibration, test or all.</param>
/// <param name="Limit">The most samples; null: all.</param>
/// <param name="Seed">Of the choice of samples, of intervals, and of VisionHarm-S.</param>
/// <param name="Prevalence">The share of harmful images where the guardrail will work; null: the default.</param>
/// <param name="Robustness">Whether to measure what disturbed pictures cost.</param>
/// <param name="Adherence">Whether to measure if verdicts follow the policy's words.</param>
/// <param name="Faithfulness">On how many samples to measure heat maps by deletion and insertion; null: on none.</param>
/// <param name="Latency">With how many images to measure time; null: not at all.</param>
/// <param name="Provider">Where models run.</param>
/// <param name="Model">A vision-language model; null: the default models.</param>
internal sealed record EvaluateRequest(
    string Dataset,
    DatasetReadOptions Reading,
    IReadOnlyList<string> Policies,
    string Folder,
    string Split,
    int? Limit,
    long Seed,
    double? Prevalence,
    bool Robustness,
    bool Adherence,
    int? Faithfulness,
    int? Latency,
    string Provider,
    ModelChoice? Model);
