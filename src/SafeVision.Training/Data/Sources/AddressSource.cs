namespace SafeVision.Training.Data.Sources;

/// <summary>Images at listed addresses. An image is named by its address, so that a list may be reordered, grow, or
/// name one twice.</summary>
internal sealed class AddressSource(string name, string path, ImageFetcher fetcher) : DataSource(name)
{
    private const int LongestAddress = 8_000;
    private const int LongestText = 2_000;

    internal override string Identity => "addresses";

    internal override async IAsyncEnumerable<Candidate> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IAsyncEnumerable<AddressRow> rows = ParquetAddresses.Is(path) ? ParquetAddresses.ReadAsync(path, cancellationToken)
            : Path.GetExtension(path).ToUpperInvariant() is ".JSONL" or ".NDJSON"
            ? JsonLines.ReadAsync(path, AddressJson.Default.AddressRow, cancellationToken).Select(row => row.Value)
            : ReadCsv().ToAsyncEnumerable();
        await foreach (AddressRow row in rows.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            string address = row.Url?.Trim() ?? "";
            string key = $"{Name}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)))[..24]}";
            string shown = address.Length <= LongestAddress ? address : address[..LongestAddress];
            yield return new Candidate(
                key,
                () => new ImageRecord
                {
                    Key = key,
                    Outcome = StageOutcome.Kept,
                    Caption = (row.Text ?? row.Caption) is { Length: > 0 } text ? text[..Math.Min(text.Length, LongestText)] : null,
                    Provenance = new SampleProvenance { Source = shown, Licence = row.License is { Length: > 0 and <= LongestText } licence ? licence : null, Stage = DataProject.Collect },
                },
                stop => FetchAsync(address, row.Sha256, stop));
        }
    }

    private async Task<ReadOnlyMemory<byte>> FetchAsync(string address, string? hash, CancellationToken cancellationToken)
    {
        if (address.Length > LongestAddress || !Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
        {
            throw new FetchException("It is no address.", isFinal: true);
        }

        ReadOnlyMemory<byte> bytes = await fetcher.FetchAsync(uri, cancellationToken).ConfigureAwait(false);
        return string.IsNullOrWhiteSpace(hash) || Convert.ToHexString(SHA256.HashData(bytes.Span)).Equals(hash.Trim(), StringComparison.OrdinalIgnoreCase)
            ? bytes
            : throw new FetchException("It is another file than the list says: its SHA-256 differs.", isFinal: true);
    }

    private IEnumerable<AddressRow> ReadCsv()
    {
        using CsvRecordReader reader = OpenCsv();
        int url = Column("url"), text = Column("text", "caption"), licence = Column("license", "licence"), hash = Column("sha256");
        if (url < 0)
        {
            throw new TrainingDataException($"{Path.GetFileName(path)}, line 1: there is no column 'url', but {string.Join(", ", reader.Fields)}. The first line of a list of addresses names its columns.");
        }

        while (reader.Read())
        {
            if (reader.Error is { } error)
            {
                throw new TrainingDataException($"The record at {reader.Where} cannot be read: {error}.");
            }

            yield return new AddressRow { Url = At(url), Text = At(text), License = At(licence), Sha256 = At(hash) };
        }

        string? At(int column) => column >= 0 && column < reader.Fields.Count ? reader.Fields[column] : null;

        int Column(params string[] names) => reader.Fields.ToList().FindIndex(field => names.Contains(field.Trim(), StringComparer.OrdinalIgnoreCase));
    }

    private CsvRecordReader OpenCsv()
    {
        try
        {
            var reader = CsvRecordReader.Open(path, new DatasetReadOptions { MaxFileBytes = 16L << 30 });
            return reader.Read() ? reader : throw new TrainingDataException($"{Path.GetFileName(path)} has no line.");
        }
        catch (DatasetException error)
        {
            throw new TrainingDataException(error.Message, error);
        }
    }
}

/// <summary>A row of a list of addresses, in the columns of LAION's.</summary>
internal sealed record AddressRow
{
    public string? Url { get; init; }
    public string? Text { get; init; }
    public string? Caption { get; init; }
    public string? License { get; init; }
    public string? Sha256 { get; init; }
}

/// <summary>Lists come from strangers with columns of their own: what is not known is passed over, and case does not matter.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true, MaxDepth = 8)]
[JsonSerializable(typeof(AddressRow))]
internal sealed partial class AddressJson : JsonSerializerContext;
