using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Preparation;

/// <summary>A checkpoint's <c>config.json</c> with other numbers, so that no host expects what the graphs do not have.</summary>
internal static class ChangedConfiguration
{
    public const string FileName = "config.json";

    /// <param name="config">The bytes of the file, which was read already.</param>
    /// <param name="property">The number's name.</param>
    /// <param name="size">What it is now.</param>
    public static byte[] Write(ReadOnlySpan<byte> config, string property, int size)
    {
        JsonObject json = JsonNode.Parse(config.StartsWith("\uFEFF"u8) ? config[3..] : config)!.AsObject();
        VocabularyFiles.SetSize(json, property, size);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, VocabularyFiles.Writing))
        {
            json.WriteTo(writer);
        }

        return stream.ToArray();
    }
}
