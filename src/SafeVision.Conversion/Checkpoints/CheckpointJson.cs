using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>Reads the JSON files of checkpoints, with errors that name the file and the property.</summary>
internal static class CheckpointJson
{
    private const int LargestFile = 64 << 20;

    public static JsonDocument Read(string path)
    {
        try
        {
            using FileStream stream = CheckpointFile.Open(path, LargestFile);
            return JsonDocument.Parse(stream, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false });
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: {exception.Message}", exception);
        }
    }

    /// <summary>A text of a checkpoint's <c>config.json</c>; null where the folder has no such file, or the file no such text.</summary>
    public static string? ConfigText(string folder, string name)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
        {
            return null;
        }

        using JsonDocument config = Read(path);
        return config.RootElement.ValueKind == JsonValueKind.Object
            && config.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
    }

    /// <summary>Whether one of <c>architectures</c> ends like this.</summary>
    public static bool NamesArchitecture(JsonElement config, string ending) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty("architectures", out JsonElement list) && list.ValueKind == JsonValueKind.Array
        && list.EnumerateArray().Any(name => name.ValueKind == JsonValueKind.String && name.GetString()!.EndsWith(ending, StringComparison.Ordinal));

    public static JsonElement Property(JsonElement parent, string name, JsonValueKind kind, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw new CheckpointException($"{where}: '{name}' is missing or no {Name(kind)}.");

    public static int Integer(JsonElement parent, string name, int least, int most, string where) =>
        Property(parent, name, JsonValueKind.Number, where).TryGetInt32(out int value) && value >= least && value <= most
            ? value
            : throw new CheckpointException($"{where}: '{name}' must be a whole number from {least} to {most}.");

    public static double Number(JsonElement parent, string name, string where) =>
        Property(parent, name, JsonValueKind.Number, where).TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw new CheckpointException($"{where}: '{name}' must be a finite number.");

    public static string Text(JsonElement parent, string name, string where) => Property(parent, name, JsonValueKind.String, where).GetString()!;

    /// <summary>The same as <see cref="Integer"/>; null where the property is missing or null.</summary>
    public static int? OptionalInteger(JsonElement parent, string name, int least, int most, string where) =>
        IsGiven(parent, name) ? Integer(parent, name, least, most, where) : null;

    /// <summary>The same as <see cref="Number"/>; null where the property is missing or null.</summary>
    public static double? OptionalNumber(JsonElement parent, string name, string where) =>
        IsGiven(parent, name) ? Number(parent, name, where) : null;

    /// <summary>The same as <see cref="Text"/>; null where the property is missing or null.</summary>
    public static string? OptionalText(JsonElement parent, string name, string where) =>
        IsGiven(parent, name) ? Text(parent, name, where) : null;

    /// <summary>An object; null where the property is missing or null.</summary>
    public static JsonElement? OptionalObject(JsonElement parent, string name, string where) =>
        IsGiven(parent, name) ? Property(parent, name, JsonValueKind.Object, where) : null;

    /// <summary>True or false; null where the property is missing or null.</summary>
    public static bool? OptionalBoolean(JsonElement parent, string name, string where) =>
        !IsGiven(parent, name) ? null : parent.GetProperty(name).ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new CheckpointException($"{where}: '{name}' must be true or false."),
        };

    /// <summary>The labels of <c>id2label</c>, in order.</summary>
    public static string[] Labels(JsonElement config, string where)
    {
        JsonElement map = Property(config, "id2label", JsonValueKind.Object, where);
        string[] labels = new string[map.GetPropertyCount()];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = Text(map, $"{i}", $"{where}: id2label");
        }

        return labels;
    }

    public static bool IsPlainFileName([NotNullWhen(true)] string? name) =>
        !string.IsNullOrWhiteSpace(name) && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\', ':') < 0 && !name.Contains('\0', StringComparison.Ordinal);

    private static bool IsGiven(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "list",
        JsonValueKind.Number => "number",
        _ => "text",
    };
}
