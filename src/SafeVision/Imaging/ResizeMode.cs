using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>What a <see cref="PreprocessingResize"/> makes of a view's aspect ratio.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResizeMode>))]
public enum ResizeMode
{
    /// <summary>Both sides become the size; the aspect ratio is lost.</summary>
    [JsonStringEnumMemberName("exact")]
    Exact,

    /// <summary>The shorter side becomes the size, the other one follows; a crop must come after.</summary>
    [JsonStringEnumMemberName("shortestSide")]
    ShortestSide,
}
