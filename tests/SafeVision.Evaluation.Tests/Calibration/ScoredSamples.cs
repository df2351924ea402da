using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Calibration;

/// <summary>A dataset and a run of it, written down sample by sample: what a tuner reads, without the models.</summary>
internal sealed class ScoredSamples(SafetyPolicy policy)
{
    private readonly List<EvaluationSample> _samples = [];
    private readonly List<EvaluationRecord> _records = [];

    public IReadOnlyList<string> Categories { get; init; } = [.. policy.Categories.Select(category => category.Id)];
    public string Name { get; init; } = "written-down";

    /// <summary>Adds a sample. A score of NaN is "not assessed", no scores at all is a failure.</summary>
    public void Add(DatasetSplit split, string[] labels, double[] scores, string? hash = null)
    {
        string id = $"s{_samples.Count}";
        _samples.Add(new EvaluationSample { Id = id, Image = $"{id}.png", Labels = labels, Split = split });
        Finding[] findings = [.. scores.Select((score, i) => Find(policy.Categories[i], score))];
        _records.Add(new EvaluationRecord(id, hash ?? $"hash of {id}", new GuardrailResult
        {
            Decision = findings.Length == 0 ? policy.OnFailure : findings.Min(finding => finding.Decision),
            Explanation = "",
            Findings = findings,
            Failure = findings.Length == 0 ? new GuardrailFailure(FailureReason.TimedOut, "too slow") : null,
            Provenance = new Provenance
            {
                Policy = policy.Name,
                PolicyVersion = policy.Version,
                PolicyHash = policy.ContentHash,
                Models = [],
                Durations = new StageDurations(0, 0, 0),
            },
        }));
    }

    public EvaluationDataset Dataset => new() { Name = Name, Hash = "00", Folder = ".", Categories = Categories, Samples = _samples };

    public EvaluationRun Run => new(
        new RunIdentity
        {
            Dataset = Name,
            DatasetVersion = "1",
            DatasetHash = "00",
            Samples = _samples.Count,
            SamplesHash = "00",
            Policy = policy.Name,
            PolicyVersion = policy.Version,
            PolicyHash = policy.ContentHash,
            Models = ["classifier model 00 cpu"],
            Seed = 1,
        },
        _records);

    private static Finding Find(SafetyCategory category, double score) => new()
    {
        Category = category.Id,
        Score = score,
        Verdict = double.IsNaN(score) ? Verdict.NotAssessed : score >= category.ReviewAt ? Verdict.Unsafe : Verdict.Safe,
        Threshold = category.ReviewAt,
        Decision = double.IsNaN(score) ? Decision.Review : score >= category.BlockAt ? Decision.Block : score >= category.ReviewAt ? Decision.Review : Decision.Allow,
        Coverage = double.IsNaN(score) ? CoverageLevel.None : CoverageLevel.Full,
        Reason = "",
        Evidence = Evidence.None,
    };
}
