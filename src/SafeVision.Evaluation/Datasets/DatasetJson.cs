using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Evaluation.Datasets;

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
