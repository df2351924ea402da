using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Preparation;

/// <summary>Writes into a configuration that the graphs take shorter texts than the checkpoint did, so that no host tries longer ones.</summary>
internal static class ContextLimit
{
    private const string Property = "max_position_embeddings";

    /// <summary>The configuration with the limit wherever it states one.</summary>
    /// <param name="config">The bytes of <c>config.json</c>, which were read already.</param>
    /// <param name="positions">The limit.</param>
    public static byte[] Write(ReadOnlySpan<byte> config, int positions)
    {
        JsonObject json = JsonNode.Parse(config.StartsWith("\uFEFF"u8) ? config[3..] : config)!.AsObject();
        foreach (JsonObject part in VocabularyFiles.TextParts.Select(name => json[name]).OfType<JsonObject>().Append(json))
        {
            if (part[Property] is JsonValue)
            {
                part[Property] = positions;
            }
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, VocabularyFiles.Writing))
        {
            json.WriteTo(writer);
        }

        return stream.ToArray();
    }
}
