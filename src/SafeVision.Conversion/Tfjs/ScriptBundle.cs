using System.Text;
using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tfjs;

/// <summary>A browserify bundle with data for its payload: what stands behind the last <c>.exports=</c>.</summary>
internal static class ScriptBundle
{
    public const string Extension = ".min.js";

    private const string Marker = ".exports=";
    private const int LargestScript = 256 << 20;

    /// <summary>The payload of a bundle that exports an object.</summary>
    public static JsonDocument ReadObject(string path)
    {
        (string script, int start) = Open(path);
        ReadOnlyMemory<byte> json = JavaScriptLiteral.ToJson(path, script, start);
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
        }
        catch (JsonException exception)
        {
            throw new CheckpointException($"{path}: the exported object is not data. {exception.Message}", exception);
        }
    }

    /// <summary>The payload of a bundle that exports a string of base64.</summary>
    public static byte[] ReadBytes(string path)
    {
        (string script, int start) = Open(path);
        int end = start < script.Length && script[start] == '"' ? script.IndexOf('"', start + 1) : -1;
        if (end < 0)
        {
            throw new CheckpointException($"{path}: does not export a string.");
        }

        ReadOnlySpan<char> text = script.AsSpan(start + 1, end - start - 1);
        byte[] bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64Chars(text, bytes, out int length)
            ? bytes[..length]
            : throw new CheckpointException($"{path}: the exported string is not base64.");
    }

    private static (string Script, int Start) Open(string path)
    {
        string script = Encoding.UTF8.GetString(CheckpointFile.ReadAllBytes(path, LargestScript));
        int marker = script.LastIndexOf(Marker, StringComparison.Ordinal);
        return marker >= 0
            ? (script, marker + Marker.Length)
            : throw new CheckpointException($"{path}: exports nothing; '{Marker}' does not occur in it.");
    }
}
