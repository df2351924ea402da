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

    /// <summary>The ids of the categories that every sample was annotated for. Of any other category nothing is known, so a policy's numbers leave it out.</summary>
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

    /// <summary>The same dataset with every sample dealt out anew by a hash, so that a sample keeps its split on every machine and
    /// however many others there are. The shares hold on average; a small dataset misses them by chance.</summary>
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

    /// <summary>At most so many samples, in their order; which ones depends on the seed and their ids alone.</summary>
    internal EvaluationDataset Take(int count, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var chosen = Samples.OrderBy(sample => DatasetSplits.Bits($"{seed}", sample.Id)).Take(count).ToHashSet();
        return Samples.Count <= count ? this : With([.. Samples.Where(chosen.Contains)]);
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

/// <summary>One image of a dataset with what is true of it.</summary>
/// <remarks>A sample knows no policy: it lists the categories that apply, and a policy's truth is those of its own categories among
/// them. So one image serves every policy whose categories the dataset was annotated for.</remarks>
public sealed record EvaluationSample
{
    /// <summary>The name of the sample, unique in its dataset; letters, digits, <c>_ - . /</c>, at most 200 characters.</summary>
    public required string Id { get; init; }

    /// <summary>The image's path inside the dataset's folder, with <c>/</c> between its parts.</summary>
    public required string Image { get; init; }

    /// <summary>The ids of all categories that apply, of every policy that the dataset was annotated for; empty: none applies.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The things in the image, where the dataset says where they are.</summary>
    public IReadOnlyList<SampleObject> Objects { get; init; } = [];

    /// <summary>A reference reason for each category that has one, by the category's id.</summary>
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();

    /// <summary>Which part of the dataset it belongs to.</summary>
    public DatasetSplit Split { get; init; }

    /// <summary>What a breakdown may group by, such as <c>set:noto</c> or <c>scene:decoy</c>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <summary>A thing in an image.</summary>
/// <param name="Name">What it is, in plain words: "wolf trap".</param>
/// <param name="Box">The smallest upright rectangle around what is visible of it, in fractions of the image.</param>
/// <param name="Categories">The ids of the categories that it is evidence for; empty for a thing that is harmless here.</param>
public sealed record SampleObject(string Name, ImageBox Box, IReadOnlyList<string> Categories);

/// <summary>Something in a dataset that was passed over, so that the rest could be used.</summary>
/// <param name="Kind">What kind of mistake it is.</param>
/// <param name="Where">The file and line, or the sample's id.</param>
/// <param name="Message">What is wrong and what was done about it.</param>
public sealed record DatasetProblem(DatasetProblemKind Kind, string Where, string Message);

/// <summary>Kinds of mistakes in a dataset.</summary>
public enum DatasetProblemKind
{
    /// <summary>A row could not be read.</summary>
    Malformed,

    /// <summary>The image is not there.</summary>
    MissingImage,

    /// <summary>A label is none of the categories.</summary>
    UnknownLabel,

    /// <summary>Two samples have one id.</summary>
    DuplicateId,

    /// <summary>Two samples show the same image.</summary>
    DuplicateImage,

    /// <summary>The same image stands in two splits.</summary>
    SharedBetweenSplits,
}

/// <summary>What a sample may be used for.</summary>
public enum DatasetSplit
{
    /// <summary>The dataset doesn't say; used for testing.</summary>
    None,

    /// <summary>To train and to design with.</summary>
    Train,

    /// <summary>To choose between variants.</summary>
    Validation,

    /// <summary>To set thresholds and calibrate scores.</summary>
    Calibration,

    /// <summary>To report on, and for nothing else.</summary>
    Test,
}

/// <summary>Names of splits, and the dealing out of samples to them.</summary>
internal static class DatasetSplits
{
    /// <summary>The split that a word means; <see cref="DatasetSplit.None"/> for every other word.</summary>
    public static DatasetSplit Parse(string? text) => text?.Trim().ToUpperInvariant() switch
    {
        "TRAIN" or "TRAINING" => DatasetSplit.Train,
        "VAL" or "VALID" or "VALIDATION" or "DEV" => DatasetSplit.Validation,
        "CAL" or "CALIBRATION" => DatasetSplit.Calibration,
        "TEST" or "TESTING" => DatasetSplit.Test,
        _ => DatasetSplit.None,
    };

    /// <summary>A number from 0 to below 1 that depends on nothing but the two texts, the same on every machine.</summary>
    public static double Fraction(string salt, string text) => (Bits(salt, text) >> 11) * (1.0 / (1UL << 53)); // the 53 bits that a double holds

    /// <summary>64 bits that depend on nothing but the two texts: a place in an order, or a seed.</summary>
    public static ulong Bits(string salt, string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{salt}\n{text}"), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
