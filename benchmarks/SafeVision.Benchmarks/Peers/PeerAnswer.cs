using System.Text.Json.Serialization;

namespace SafeVision.Benchmarks.Peers;

/// <summary>What the peer measured of itself, and the first class of each image.</summary>
internal sealed record PeerAnswer(
    [property: JsonPropertyName("wall")] double Wall,
    [property: JsonPropertyName("processor")] double Processor,
    [property: JsonPropertyName("classes")] string[] Classes)
{
    public Lap Lap => new(Wall, Processor);
}
