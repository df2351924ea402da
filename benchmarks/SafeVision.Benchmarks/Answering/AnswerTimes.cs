using System.Text.Json.Serialization;

namespace SafeVision.Benchmarks.Answering;

/// <summary>What an answer took, from when pixel values and token ids lay ready.</summary>
internal sealed record AnswerTimes
{
    /// <summary>Up to the first token.</summary>
    [JsonPropertyName("first")]
    public required Lap First { get; init; }

    /// <summary>For each token after it.</summary>
    [JsonPropertyName("each")]
    public required Lap Each { get; init; }

    /// <summary>How many tokens there were.</summary>
    [JsonPropertyName("tokens")]
    public required int Tokens { get; init; }

    /// <summary>The whole answer.</summary>
    [JsonIgnore]
    public Lap Total => First + (Each * (Tokens - 1));

    /// <summary>The middle of several answers of the same length.</summary>
    public static AnswerTimes Median(IReadOnlyList<AnswerTimes> answers) => new()
    {
        First = Lap.Median(answers.Select(answer => answer.First)),
        Each = Lap.Median(answers.Select(answer => answer.Each)),
        Tokens = answers[0].Tokens,
    };
}
