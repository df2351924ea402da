using System.Text.Encodings.Web;

namespace SafeVision.Cli.Output;

/// <summary>Prints results as they come.</summary>
internal interface IReport : IDisposable
{
    /// <summary>Adds one image's result; <paramref name="heatMap"/> is the picture of its evidence, where one was written.</summary>
    void Add(string path, GuardrailResult result, string? heatMap);

    /// <summary>Says what concerns all images.</summary>
    void Complete()
    {
    }

    void IDisposable.Dispose()
    {
    }
}

/// <summary>How <c>check</c> prints its results.</summary>
internal enum ReportFormat
{
    Table, // for people
    Json, // one array
    Ndjson, // one object a line, each as soon as it is known
    Csv, // one row an image with the finding that weighs most, for spreadsheets
}

/// <summary>One element of the JSON output. Scripts rely on its shape.</summary>
internal sealed record ImageReport
{
    // Apostrophes and other scripts as they are: the output is a file, not a part of a page.
    private static readonly ReportJson s_json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public required string Path { get; init; }
    public required Decision Decision { get; init; }
    public required string Explanation { get; init; }
    public required IReadOnlyList<Finding> Findings { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GuardrailFailure? Failure { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HeatMap { get; init; }

    public required Provenance Provenance { get; init; }

    public static string ToJson(string path, GuardrailResult result, string? heatMap) => JsonSerializer.Serialize(
        new ImageReport
        {
            Path = path,
            Decision = result.Decision,
            Explanation = result.Explanation,
            Findings = result.Findings,
            Failure = result.Failure,
            HeatMap = heatMap,
            Provenance = result.Provenance,
        },
        s_json.ImageReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImageReport))]
internal sealed partial class ReportJson : JsonSerializerContext;

/// <summary>One array with an object for each image, written as the results come.</summary>
internal sealed class JsonReport : IReport
{
    private readonly TextWriter _writer;
    private bool _any;

    public JsonReport(TextWriter writer)
    {
        _writer = writer;
        writer.Write('[');
    }

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        _writer.Write($"{(_any ? "," : "")}\n{ImageReport.ToJson(path, result, heatMap)}");
        _any = true;
    }

    /// <summary>Closes the array, also after an error: what was printed stays readable, and the exit code tells that it is not all.</summary>
    public void Dispose() => _writer.Write("\n]\n");
}

/// <summary>One object a line.</summary>
internal sealed class NdjsonReport(TextWriter writer) : IReport
{
    // '\n' whatever the system: the format's separator, not the terminal's.
    public void Add(string path, GuardrailResult result, string? heatMap) => writer.Write(ImageReport.ToJson(path, result, heatMap) + "\n");
}

/// <summary>A table for spreadsheets (RFC 4180): one row an image, with the finding that weighs most.</summary>
internal sealed class CsvReport : IReport
{
    private readonly TextWriter _writer;

    public CsvReport(TextWriter writer)
    {
        _writer = writer;
        Row("path", "decision", "category", "verdict", "score", "threshold", "reason", "failure", "heatMap");
    }

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        Finding? primary = result.Primary;
        Row(
            path, Word(result.Decision), primary?.Category, primary is null ? null : Word(primary.Verdict),
            primary?.Score?.ToString("R", CultureInfo.InvariantCulture),
            primary?.Threshold.ToString("R", CultureInfo.InvariantCulture),
            result.Failure?.Message ?? primary?.Reason, result.Failure is { } failure ? Word(failure.Reason) : null, heatMap);
    }

    /// <summary>The word that JSON has for it.</summary>
    private static string Word(Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private void Row(params string?[] cells) => _writer.Write(string.Join(',', cells.Select(Cell)) + "\r\n");

    /// <summary>Spreadsheets run what begins as a formula does, and names of files come from strangers: an apostrophe makes it text.</summary>
    private static string Cell(string? text)
    {
        string safe = text is ['=' or '+' or '@' or '\t' or '\r', ..] or ['-', _, ..] && !double.TryParse(text, CultureInfo.InvariantCulture, out _) ? $"'{text}" : text ?? "";
        return safe.AsSpan().ContainsAny(",\"\r\n") ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}
