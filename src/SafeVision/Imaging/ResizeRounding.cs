using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>How the longer side of a <see cref="ResizeMode.ShortestSide"/> resize becomes a whole number.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResizeRounding>))]
public enum ResizeRounding
{
    /// <summary>Python's <c>round(side * (size / shortest))</c>: to the nearest, halves to the even number.</summary>
    [JsonStringEnumMemberName("round")]
    Round,

    /// <summary>Python's <c>int(size * side / shortest)</c>, as in transformers and torchvision: cut off.</summary>
    [JsonStringEnumMemberName("truncate")]
    Truncate,
}
