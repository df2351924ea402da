using System.Text.Json;
using SafeVision.Files;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Families;

/// <summary>The JSON files of a model's folder, read with bounds; each is an empty object where the file is missing.</summary>
internal sealed class ModelConfiguration
{
    private const int LargestFile = 16 << 20;
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly Dictionary<string, ConfigurationValue> _files = [];

    private ModelConfiguration(string folder) => Folder = folder;

    /// <summary>The folder's full path.</summary>
    public string Folder { get; }

    /// <summary>What the model is: sizes, ids, family.</summary>
    public ConfigurationValue Config => File("config.json");

    /// <summary>How answers are generated: the ids that end them.</summary>
    public ConfigurationValue Generation => File("generation_config.json");

    /// <summary>How images are prepared.</summary>
    public ConfigurationValue Preprocessor => File("preprocessor_config.json");

    /// <summary>How images and text come together.</summary>
    public ConfigurationValue Processor => File("processor_config.json");

    /// <summary>The tokenizer's settings, the chat template among them.</summary>
    public ConfigurationValue Tokenizer => File("tokenizer_config.json");

    /// <summary>The onnxruntime-genai layout's settings.</summary>
    public ConfigurationValue GenAI => File("genai_config.json");

    /// <exception cref="ModelLoadException">The folder is missing.</exception>
    public static ModelConfiguration Open(string folder)
    {
        string full = Path.GetFullPath(folder);
        return Directory.Exists(full)
            ? new ModelConfiguration(full)
            : throw new ModelLoadException($"{full}: there is no such folder.");
    }

    public bool Has(string file) => System.IO.File.Exists(Path.Combine(Folder, file));

    /// <summary>A JSON file of the folder.</summary>
    /// <exception cref="ModelLoadException">It is too large, can't be read or is no JSON object.</exception>
    public ConfigurationValue File(string name)
    {
        lock (_files)
        {
            return _files.TryGetValue(name, out ConfigurationValue value) ? value : _files[name] = Read(name);
        }
    }

    /// <summary>A text file of the folder in UTF-8; null where it is missing.</summary>
    /// <exception cref="ModelLoadException">It is too large or can't be read.</exception>
    public string? Text(string name) => Has(name) ? System.Text.Encoding.UTF8.GetString(Bytes(name)) : null;

    private ConfigurationValue Read(string name)
    {
        string path = Path.Combine(Folder, name);
        if (!Has(name))
        {
            return new ConfigurationValue(path, "", null);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(Bytes(name), s_json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigurationValue(path, "", document.RootElement.Clone())
                : throw new ModelLoadException($"{path}: must be a JSON object, but is {document.RootElement.ValueKind}.");
        }
        catch (JsonException exception)
        {
            throw new ModelLoadException($"{path}: is no valid JSON. {exception.Message}", exception);
        }
    }

    private byte[] Bytes(string name)
    {
        string path = Path.Combine(Folder, name);
        try
        {
            return RegularFile.ReadAllBytes(path, LargestFile);
        }
        catch (FileRefusedException exception)
        {
            throw new ModelLoadException($"{path}: can't be read. {exception.Message}", exception);
        }
    }
}

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
