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

    /// <summary>What was wrong with the dataset and was left out or passed over: the first problems of all.</summary>
    public IReadOnlyList<DatasetProblem> Problems { get; init; } = [];

    /// <summary>How many problems there are, listed or not.</summary>
    public int ProblemCount { get; init; }

    /// <summary>The image of a sample.</summary>
    /// <exception cref="DatasetException">The sample's path leads out of the dataset's folder.</exception>
    public ImageSource Open(EvaluationSample sample) => ImageSource.FromFile(DatasetPaths.Resolve(Folder, sample.Image));

    /// <summary>The same dataset with the samples of some splits only.</summary>
    public EvaluationDataset Only(params IReadOnlyCollection<DatasetSplit> splits) => With([.. Samples.Where(sample => splits.Contains(sample.Split))]);

    /// <summary>
    /// The same dataset with every sample dealt out anew by a hash, so that a sample keeps its split on every machine and
    /// however many others there are. The shares hold on average; a small dataset misses them by chance.
    /// </summary>
    /// <param name="shares">The share of each split, above 0; together 1.</param>
    /// <param name="salt">A text that stands for one way to deal; another deals another way.</param>
    /// <param name="group">What stays together, such as the person or the film that images come from; null for each sample by itself.</param>
    /// <exception cref="ArgumentException">The shares are not positive or not 1 together.</exception>
    public EvaluationDataset SplitByHash(
        IReadOnlyList<(DatasetSplit Split, double Share)> shares, string salt = "", Func<EvaluationSample, string>? group = null)
    {
        ArgumentNullException.ThrowIfNull(shares);
        if (shares.Any(share => !(share.Share > 0)) || Math.Abs(shares.Sum(share => share.Share) - 1) > 1e-9)
        {
            throw new ArgumentException("The shares of the splits are to be positive and 1 together.", nameof(shares));
        }

        return With([.. Samples.Select(sample => sample with { Split = SplitOf(group?.Invoke(sample) ?? sample.Id) })]);

        DatasetSplit SplitOf(string key)
        {
            double place = DatasetSplits.Fraction(salt, key);
            foreach ((DatasetSplit split, double share) in shares)
            {
                place -= share;
                if (place < 0)
                {
                    return split;
                }
            }

            return shares[^1].Split; // the last share, where rounding leaves a gap
        }
    }

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
        ProblemCount = ProblemCount,
    };
}
