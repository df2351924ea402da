namespace SafeVision.Evaluation.Runs;

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
