namespace SafeVision.Evaluation.Datasets;

/// <summary>A file with a JSON object for each sample, and what <c>dataset.json</c> beside it says of them all.</summary>
internal static class JsonLinesDataset
{
    private const long MostHeaderBytes = 16L << 20;

    public static EvaluationDataset Read(string path, DatasetReadOptions options, CancellationToken cancellationToken)
    {
        string folder = Path.GetDirectoryName(path)!;
        DatasetHeader header = ReadHeader(Path.Combine(folder, DatasetReader.HeaderFile));
        var labels = new LabelVocabulary(options.LabelMap, options.Categories ?? header.Categories);
        var builder = new DatasetBuilder(options.ImageFolder ?? folder, labels, options);
        using DatasetText text = DatasetText.Open(path, options);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string where = $"{text.Name}:{text.Line}";
            if (text.ReadLine(out bool tooLong) is not { } line)
            {
                break;
            }

            if (tooLong)
            {
                builder.Report(DatasetProblemKind.Malformed, where, $"The line has more than {options.MaxLineLength} characters ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxLineLength)}) and is left out.");
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                AddLine(builder, where, line);
            }
        }

        return builder.Build(header.Name ?? Path.GetFileName(folder), header.Version ?? "");
    }

    private static void AddLine(DatasetBuilder builder, string where, string line)
    {
        try
        {
            SampleDraft draft = JsonSerializer.Deserialize(line, DatasetJson.Default.SampleDraft) ?? new SampleDraft();
            builder.Add(draft with { Where = where });
        }
        catch (JsonException error)
        {
            builder.Report(DatasetProblemKind.Malformed, where, $"The line is left out: {DatasetJson.Explain(error)}.");
        }
    }

    private static DatasetHeader ReadHeader(string path)
    {
        if (!File.Exists(path))
        {
            return new DatasetHeader();
        }

        try
        {
            // Read as text first, for its limits: a header of many gigabytes is not a header.
            using DatasetText text = DatasetText.Open(path, new DatasetReadOptions { MaxFileBytes = MostHeaderBytes });
            DatasetHeader header = JsonSerializer.Deserialize(text.ReadToEnd(), DatasetJson.Default.DatasetHeader) ?? new DatasetHeader();
            return header.Categories?.Any(string.IsNullOrWhiteSpace) == true
                ? throw new DatasetException($"'{path}' lists an empty category.")
                : header;
        }
        catch (JsonException error)
        {
            throw new DatasetException($"'{path}' does not describe a dataset: line {error.LineNumber + 1}, {DatasetJson.Explain(error)}. It holds name, version and categories (a list of ids).", error);
        }
    }
}

/// <summary>What a <c>dataset.json</c> must say; it may say more, which is for people.</summary>
internal sealed record DatasetHeader
{
    public string? Name { get; init; }
    public string? Version { get; init; }
    public IReadOnlyList<string>? Categories { get; init; }
}

/// <summary>A sample as a dataset wrote it, before anything of it is believed. Its JSON is the line of a <c>samples.jsonl</c>.</summary>
internal sealed record SampleDraft
{
    /// <summary>The file and line.</summary>
    [JsonIgnore]
    public string Where { get; init; } = "";

    public string? Id { get; init; }
    public string? Image { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public IReadOnlyList<ObjectDraft>? Objects { get; init; }
    public IReadOnlyDictionary<string, string>? Reasons { get; init; }
    public string? Split { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }
}

/// <summary>An object as a dataset wrote it.</summary>
internal sealed record ObjectDraft(string Name, BoxDraft Box, IReadOnlyList<string> Categories);

/// <summary>A box as a dataset wrote it. A class, because the JSON reader lets a struct's missing members be zero.</summary>
internal sealed record BoxDraft(double X, double Y, double Width, double Height);

/// <summary>What a sample may be called: a name that can stand in a path, a log and a page.</summary>
internal static class SampleId
{
    public const int Longest = 200;

    private const int HashCharacters = 12;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./");

    /// <summary>Whether a name is one: letters, digits, <c>_ - . /</c>, at most 200, no empty part and none of dots alone.</summary>
    public static bool IsValid(string id) =>
        id.Length is > 0 and <= Longest
        && !id.AsSpan().ContainsAnyExcept(Allowed)
        && id.Split('/').All(part => part.AsSpan().ContainsAnyExcept('.'));

    /// <summary>A valid name for any text: the text, or where it is not valid what remains of it with a hash of the whole.</summary>
    public static string From(string text)
    {
        if (IsValid(text))
        {
            return text;
        }

        // Two texts that differ only in what is replaced get different names.
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..HashCharacters];
        var kept = new StringBuilder();
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, Longest - HashCharacters - 1)))
        {
            kept.Append(Allowed.Contains(character) && character is not ('/' or '.') ? character : '_');
        }

        return $"{kept}-{hash}";
    }
}

/// <summary>The JSON of datasets: strict about what it knows, silent about what it does not.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16)]
[JsonSerializable(typeof(SampleDraft))]
[JsonSerializable(typeof(DatasetHeader))]
[JsonSerializable(typeof(IReadOnlyList<ObjectDraft>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class DatasetJson : JsonSerializerContext
{
    /// <summary>The line of a <c>samples.jsonl</c> that says what a sample says, without the line's end.</summary>
    public static byte[] ToLine(EvaluationSample sample) => JsonSerializer.SerializeToUtf8Bytes(
        new SampleDraft
        {
            Id = sample.Id,
            Image = sample.Image,
            Labels = sample.Labels,
            Objects = sample.Objects.Count > 0 ? [.. sample.Objects.Select(thing => new ObjectDraft(thing.Name, new BoxDraft(thing.Box.X, thing.Box.Y, thing.Box.Width, thing.Box.Height), thing.Categories))] : null,
            Reasons = sample.Reasons.Count > 0 ? sample.Reasons.OrderBy(reason => reason.Key, StringComparer.Ordinal).ToDictionary() : null,
            Split = sample.Split == DatasetSplit.None ? null : JsonNamingPolicy.CamelCase.ConvertName(sample.Split.ToString()),
            Tags = sample.Tags.Count > 0 ? sample.Tags : null,
        },
        Default.SampleDraft);

    /// <summary>What is wrong with a text, in words for a person who has an editor.</summary>
    public static string Explain(JsonException error) => error.Path is { Length: > 1 } path
        ? $"{path} is not what it should be (byte {error.BytePositionInLine})"
        : $"it is not a JSON object of this form (byte {error.BytePositionInLine})";
}
