using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Datasets;

namespace SafeVision.Cli;

/// <summary>What a command line asks <c>tune</c> to do.</summary>
/// <param name="PolicyFile">The policy; null: the starter policy.</param>
/// <param name="Dataset">The dataset's folder or file.</param>
/// <param name="Reading">How the dataset is read.</param>
/// <param name="Output">The policy file to write.</param>
/// <param name="RunFolder">Where the answers are kept; null: nowhere.</param>
/// <param name="Options">What the thresholds shall promise.</param>
/// <param name="Provider">Where models run.</param>
/// <param name="Model">A vision-language model; null: the default models.</param>
internal sealed record TuneRequest(
    string? PolicyFile, string Dataset, DatasetReadOptions Reading, string Output, string? RunFolder, TuningOptions Options, string Provider, ModelChoice? Model);
