namespace SafeVision.Evaluation.Runs;

/// <summary>What a guardrail said of a dataset, as its folder keeps it.</summary>
/// <param name="Identity">What the answers rest on.</param>
/// <param name="Records">One answer for each sample, in the dataset's order; fewer where the run was stopped.</param>
public sealed record EvaluationRun(RunIdentity Identity, IReadOnlyList<EvaluationRecord> Records)
{
    /// <summary>Whether every sample has an answer.</summary>
    public bool IsComplete => Records.Count == Identity.Samples;

    /// <summary>Reads a run's folder.</summary>
    /// <param name="folder">A folder that <see cref="EvaluationRunner"/> wrote.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="RunException">It is no run, or a file in it is damaged.</exception>
    public static async Task<EvaluationRun> ReadAsync(string folder, CancellationToken cancellationToken = default)
    {
        var files = new RunFiles(folder);
        RunIdentity identity = await files.ReadIdentityAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new RunException($"{folder} holds no run: there is no {RunFiles.IdentityName} in it. 'safevision evaluate --out {folder}' writes one.");
        (IReadOnlyList<EvaluationRecord> records, _) = await files.ReadRecordsAsync(identity.Samples, cancellationToken).ConfigureAwait(false);
        return new EvaluationRun(identity, records);
    }
}
