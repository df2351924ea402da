using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Datasets;

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
