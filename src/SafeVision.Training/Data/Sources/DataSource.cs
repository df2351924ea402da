namespace SafeVision.Training.Data.Sources;

/// <summary>Where images are collected from.</summary>
public abstract class DataSource
{
    private protected DataSource(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.') && name.Length <= 50 && name.Trim('.').Length > 0
            ? name
            : throw new ArgumentException($"'{name}' cannot name a source: it has 1 to 50 ASCII letters, digits, '_', '-' or '.', and not dots alone.", nameof(name));
    }

    /// <summary>The source's name, with which the names of its images begin.</summary>
    public string Name { get; }

    /// <summary>All that its images and their names depend on: two readings of one identity give the same.</summary>
    internal abstract string Identity { get; }

    /// <summary>The images; none is got before it is asked for.</summary>
    internal abstract IAsyncEnumerable<Candidate> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Images of a dataset in one of the forms of <see cref="DatasetFormat"/>: folders, the paper's CSV, any CSV, or JSON lines, with its labels, objects and splits.</summary>
    /// <param name="name">The source's name.</param>
    /// <param name="dataset">The dataset; its problems were reported when it was read.</param>
    /// <param name="licence">The images' licence; null: unknown.</param>
    public static DataSource FromDataset(string name, EvaluationDataset dataset, string? licence = null) => new DatasetSource(name, dataset, licence);

    /// <summary>Scenes drawn from symbols, with exact truth.</summary>
    /// <param name="name">The source's name.</param>
    /// <param name="options">What is drawn; read now.</param>
    /// <param name="count">How many scenes.</param>
    /// <param name="edits">Whether each is drawn twice, the second time with one symbol exchanged.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static DataSource FromSymbols(string name, SymbolSceneOptions options, int count, bool edits = true) => new SymbolSource(name, options, count, edits);

    /// <summary>Images at addresses that a table lists, as LAION publishes them. Nobody says what they fall under, which is for the filter.</summary>
    /// <param name="name">The source's name.</param>
    /// <param name="path">A CSV file with a header, JSON lines or a Parquet file, with a column <c>url</c> and perhaps <c>text</c> or <c>caption</c>, <c>license</c> and <c>sha256</c>, in any case.</param>
    /// <param name="fetcher">What gets them; it stays the caller's.</param>
    public static DataSource FromAddresses(string name, string path, ImageFetcher fetcher) => new AddressSource(name, path, fetcher);

}

/// <summary>An image that may be collected.</summary>
/// <param name="Open">Gets the file's bytes.</param>
internal sealed record Candidate(string Key, Func<ImageRecord> Describe, Func<CancellationToken, Task<ReadOnlyMemory<byte>>> Open);

/// <summary>The images of a dataset.</summary>
internal sealed class DatasetSource(string name, EvaluationDataset dataset, string? licence) : DataSource(name)
{
    private const long MostBytes = 32L << 20;

    internal override string Identity => $"dataset {dataset.Hash}";

    internal override IAsyncEnumerable<Candidate> ReadAsync(CancellationToken cancellationToken) => dataset.Samples.Select(sample => new Candidate(
        $"{Name}/{sample.Id}",
        () => new ImageRecord
        {
            Key = $"{Name}/{sample.Id}",
            Outcome = StageOutcome.Kept,
            Labels = sample.Labels,
            Objects = sample.Objects.Count > 0 ? sample.Objects : null,
            Reasons = sample.Reasons.Count > 0 ? sample.Reasons : null,
            Pinned = sample.Split switch
            {
                DatasetSplit.Train => TrainingSplit.Train,
                DatasetSplit.Validation or DatasetSplit.Calibration => TrainingSplit.Refine,
                DatasetSplit.Test => TrainingSplit.Test,
                _ => null,
            },
            Provenance = new SampleProvenance { Source = $"{dataset.Name} {dataset.Version}: {sample.Image}".Trim(), Licence = licence, Stage = DataProject.Collect },
        },
        async stop =>
        {
            using Imaging.ImageBytes bytes = await dataset.Open(sample).ReadAsync(MostBytes, stop).ConfigureAwait(false);
            return bytes.Memory.ToArray();
        })).ToAsyncEnumerable();
}
