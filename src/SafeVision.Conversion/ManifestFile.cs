using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>Writes manifests: readable, and without what is empty.</summary>
internal static class ManifestFile
{
    private static readonly JsonSerializerOptions Json = new(ModelJson.Default.Options)
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ModelJson.Default.WithAddedModifier(LeaveOutEmpty),
    };

    public static void Write(string path, ModelManifest manifest)
    {
        var type = (JsonTypeInfo<ModelManifest>)Json.GetTypeInfo(typeof(ModelManifest));
        File.WriteAllText(path, JsonSerializer.Serialize(manifest, type) + "\n");
    }

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
