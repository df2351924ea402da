using System.Text.Json;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Families;

/// <summary>A value in a configuration file, which may be missing; errors name file, path and what was expected.</summary>
internal readonly struct ConfigurationValue(string file, string path, JsonElement? value)
{
    /// <summary>Whether the value is there and not null.</summary>
    public bool Exists => value is { ValueKind: not JsonValueKind.Null };

    /// <summary>The value as JSON; only where it <see cref="Exists"/>.</summary>
    public JsonElement Json => Exists ? value!.Value : throw Missing("a value");

    public bool IsText => value is { ValueKind: JsonValueKind.String };

    public bool IsArray => value is { ValueKind: JsonValueKind.Array };

    public bool IsObject => value is { ValueKind: JsonValueKind.Object };

    /// <summary>A property; a missing value where this is no object or has none of that name.</summary>
    public ConfigurationValue this[string name]
    {
        get
        {
            string inner = path.Length == 0 ? name : $"{path}.{name}";
            return value is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty(name, out JsonElement property)
                ? new ConfigurationValue(file, inner, property)
                : new ConfigurationValue(file, inner, null);
        }
    }

    /// <summary>The first of these properties that exists; the first, missing, where none does.</summary>
    public ConfigurationValue Any(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (this[name] is { Exists: true } found)
            {
                return found;
            }
        }

        return this[names[0]];
    }

    /// <summary>The items of an array, at most <paramref name="most"/>; none where it is missing.</summary>
    public IReadOnlyList<ConfigurationValue> Items(int most = 100_000)
    {
        if (!Exists)
        {
            return [];
        }

        if (value!.Value.ValueKind != JsonValueKind.Array || value.Value.GetArrayLength() > most)
        {
            throw Wrong($"an array of at most {most} items");
        }

        var items = new List<ConfigurationValue>();
        foreach (JsonElement item in value.Value.EnumerateArray())
        {
            items.Add(new ConfigurationValue(file, $"{path}[{items.Count}]", item));
        }

        return items;
    }

    /// <summary>A whole number within bounds.</summary>
    public int Integer(int least, int most, int? otherwise = null)
    {
        if (!Exists)
        {
            return otherwise ?? throw Missing($"a whole number from {least} to {most}");
        }

        return value!.Value.ValueKind == JsonValueKind.Number && value.Value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Wrong($"a whole number from {least} to {most}");
    }

    /// <summary>A finite number.</summary>
    public double Number(double? otherwise = null)
    {
        if (!Exists)
        {
            return otherwise ?? throw Missing("a number");
        }

        return value!.Value.ValueKind == JsonValueKind.Number && value.Value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong("a number");
    }

    public bool Boolean(bool otherwise) => !Exists ? otherwise : value!.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    /// <summary>A text; null where it is missing and nothing else was given.</summary>
    public string? Text(string? otherwise = null) => !Exists ? otherwise
        : value!.Value.ValueKind == JsonValueKind.String ? value.Value.GetString() : throw Wrong("a text");

    /// <summary>A text that must be there.</summary>
    public string RequiredText() => Text() ?? throw Missing("a text");

    /// <summary>An error about this value.</summary>
    public ModelLoadException Wrong(string expected) => new($"{file}: '{path}' is {Short(value)}; expected {expected}.");

    private ModelLoadException Missing(string expected) => new($"{file}: '{path}' is missing; expected {expected}.");

    private static string Short(JsonElement? value)
    {
        string text = value is { } json ? json.GetRawText() : "missing";
        return text.Length <= 80 ? text : $"{text.AsSpan(0, 80)}…";
    }
}
