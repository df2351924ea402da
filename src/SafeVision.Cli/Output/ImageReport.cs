using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Cli.Output;

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
