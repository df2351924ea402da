namespace SafeVision.Evaluation.Runs;

/// <summary>What a guardrail said of a dataset, as its folder keeps it.</summary>
/// <param name="Records">One answer for each sample, in the dataset's order; fewer where the run was stopped.</param>
internal sealed record EvaluationRun(RunIdentity Identity, IReadOnlyList<EvaluationRecord> Records)
{
    /// <summary>Whether every sample has an answer.</summary>
    public bool IsComplete => Records.Count == Identity.Samples;

    /// <summary>The categories of its policy. Every image that was judged has a finding for each; one that failed has none.</summary>
    public IReadOnlyList<string> Categories => [.. Records.FirstOrDefault(record => record.Result.Findings.Count > 0)?.Result.Findings.Select(finding => finding.Category) ?? []];

    /// <summary>The sample that each answer is of.</summary>
    /// <exception cref="EvaluationException">The run is of another dataset, or has an answer for none of its samples.</exception>
    public EvaluationSample[] SamplesOf(EvaluationDataset dataset)
    {
        if (Identity.DatasetHash != dataset.Hash)
        {
            throw new EvaluationException($"The run is of {Identity.Dataset} (sha256 {Identity.DatasetHash}), not of {dataset.Name} (sha256 {dataset.Hash}). Run this dataset.");
        }

        var byId = dataset.Samples.ToDictionary(sample => sample.Id, StringComparer.Ordinal);
        return
        [
            .. Records.Select(record => byId.GetValueOrDefault(record.Sample)
                ?? throw new EvaluationException($"The run has an answer for '{record.Sample}', which is no sample of {dataset.Name}. Run the dataset anew.")),
        ];
    }

    /// <summary>Reads a run's folder.</summary>
    /// <exception cref="EvaluationException">It is no run, or a file in it is damaged.</exception>
    public static async Task<EvaluationRun> ReadAsync(string folder, CancellationToken cancellationToken = default)
    {
        var files = new RunFiles(folder);
        RunIdentity identity = files.ReadIdentity()
            ?? throw new EvaluationException($"{folder} holds no run: there is no {RunFiles.IdentityName} in it. 'safevision evaluate --out {folder}' writes one.");
        (IReadOnlyList<EvaluationRecord> records, _) = await files.ReadRecordsAsync(identity.Samples, cancellationToken).ConfigureAwait(false);
        return new EvaluationRun(identity, records);
    }
}

/// <summary>What the guardrail said of one sample.</summary>
/// <param name="ImageHash">SHA-256 of the image file, in lower-case hexadecimal; empty where the file could not be read.</param>
internal sealed record EvaluationRecord(string Sample, string ImageHash, GuardrailResult Result);

/// <summary>What a run's numbers rest on. Two runs of equal identity give the same numbers, durations apart.</summary>
public sealed record RunIdentity
{
    /// <summary>The dataset's name.</summary>
    public required string Dataset { get; init; }

    /// <summary>The dataset's version.</summary>
    public required string DatasetVersion { get; init; }

    /// <summary>The dataset's hash.</summary>
    public required string DatasetHash { get; init; }

    /// <summary>The number of samples that the run covers, and the hash of their ids in order.</summary>
    public required int Samples { get; init; }

    /// <summary>SHA-256 of the ids of the samples, in order.</summary>
    public required string SamplesHash { get; init; }

    /// <summary>The policy's name.</summary>
    public required string Policy { get; init; }

    /// <summary>The policy's version.</summary>
    public required string PolicyVersion { get; init; }

    /// <summary>The policy's hash.</summary>
    public required string PolicyHash { get; init; }

    /// <summary>The models that judge: id, hash, execution provider.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>What the images went through before they were judged; "none" for nothing. See <c>Robustness</c>.</summary>
    public string Transform { get; init; } = "none";

    /// <summary>The seed of all that is drawn at random.</summary>
    public required long Seed { get; init; }
}
