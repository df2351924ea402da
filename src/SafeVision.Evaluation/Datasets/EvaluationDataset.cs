namespace SafeVision.Evaluation.Datasets;

/// <summary>Images with what is true of them. Immutable.</summary>
public sealed class EvaluationDataset
{
    /// <summary>What the dataset calls itself.</summary>
    public required string Name { get; init; }

    /// <summary>Its version; empty where it has none.</summary>
    public string Version { get; init; } = "";

    /// <summary>SHA-256 over all that was read of it, in lower-case hexadecimal: two runs with the same hash saw the same truth.</summary>
    public required string Hash { get; init; }

    /// <summary>The folder that the samples' paths start from.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// The ids of the categories that every sample was annotated for. Of any other category nothing is known, so a policy's
    /// numbers leave it out.
    /// </summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The samples, in the dataset's order; ids are unique.</summary>
    public required IReadOnlyList<EvaluationSample> Samples { get; init; }

    /// <summary>What was wrong with the dataset and was left out or passed over.</summary>
    public IReadOnlyList<DatasetProblem> Problems { get; init; } = [];

    /// <summary>The image of a sample.</summary>
    /// <exception cref="DatasetException">The sample's path leads out of the dataset's folder.</exception>
    public ImageSource Open(EvaluationSample sample) => ImageSource.FromFile(DatasetPaths.Resolve(Folder, sample.Image));

    /// <summary>The same dataset with the samples of some splits only.</summary>
    public EvaluationDataset Only(params IReadOnlyCollection<DatasetSplit> splits) => With([.. Samples.Where(sample => splits.Contains(sample.Split))]);

    /// <summary>The same dataset with fewer samples.</summary>
    public EvaluationDataset With(IReadOnlyList<EvaluationSample> samples) => new()
    {
        Name = Name,
        Version = Version,
        Hash = Hash,
        Folder = Folder,
        Categories = Categories,
        Samples = samples,
        Problems = Problems,
    };
}
