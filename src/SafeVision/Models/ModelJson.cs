using System.Text.Encodings.Web;
using System.Text.Json.Serialization.Metadata;

namespace SafeVision.Models;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, // a mistyped property must not silently count for nothing
    AllowDuplicateProperties = false,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ModelManifest))]
internal sealed partial class ModelJson : JsonSerializerContext;

/// <summary>Writes manifests: readable, and without what is empty.</summary>
internal static class ManifestText
{
    private static readonly JsonSerializerOptions s_writing = new(ModelJson.Default.Options)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ModelJson.Default.WithAddedModifier(LeaveOutEmpty),
    };

    /// <summary>A manifest as a file has it: readable, and without what is empty.</summary>
    public static string Write(ModelManifest manifest) => JsonSerializer.Serialize(manifest, (JsonTypeInfo<ModelManifest>)s_writing.GetTypeInfo(typeof(ModelManifest))) + "\n";

    private static void LeaveOutEmpty(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (property.PropertyType != typeof(string) && typeof(IEnumerable).IsAssignableFrom(property.PropertyType))
            {
                property.ShouldSerialize = static (_, value) => value is IEnumerable items && items.GetEnumerator().MoveNext();
            }
        }
    }
}
