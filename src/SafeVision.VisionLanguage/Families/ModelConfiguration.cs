namespace SafeVision.VisionLanguage.Families;

/// <summary>The JSON files of a model's folder, read with bounds; each is an empty object where the file is missing.</summary>
internal sealed class ModelConfiguration
{
    private const int LargestFile = 16 << 20;
    private static readonly Func<string, Exception?, Exception> s_error = static (message, cause) => new ModelLoadException(message, cause);

    private readonly Dictionary<string, JsonValue> _files = [];

    private ModelConfiguration(string folder) => Folder = folder;

    /// <summary>The folder's full path.</summary>
    public string Folder { get; }

    /// <summary>What the model is: sizes, ids, family.</summary>
    public JsonValue Config => File("config.json");

    /// <summary>How answers are generated: the ids that end them.</summary>
    public JsonValue Generation => File("generation_config.json");

    /// <summary>How images are prepared.</summary>
    public JsonValue Preprocessor => File("preprocessor_config.json");

    /// <summary>How images and text come together.</summary>
    public JsonValue Processor => File("processor_config.json");

    /// <summary>The tokenizer's settings, the chat template among them.</summary>
    public JsonValue Tokenizer => File("tokenizer_config.json");

    /// <summary>The onnxruntime-genai layout's settings.</summary>
    public JsonValue GenAI => File("genai_config.json");

    /// <exception cref="ModelLoadException">The folder is missing.</exception>
    public static ModelConfiguration Open(string folder)
    {
        string full = Path.GetFullPath(folder);
        return Directory.Exists(full)
            ? new ModelConfiguration(full)
            : throw new ModelLoadException($"{full}: there is no such folder.");
    }

    public bool Has(string file) => System.IO.File.Exists(Path.Combine(Folder, file));

    /// <exception cref="ModelLoadException">It is too large, can't be read or is no JSON object.</exception>
    public JsonValue File(string name)
    {
        lock (_files)
        {
            return _files.TryGetValue(name, out JsonValue value) ? value : _files[name] = Read(name);
        }
    }

    /// <summary>A text file of the folder in UTF-8; null where it is missing.</summary>
    /// <exception cref="ModelLoadException">It is too large or can't be read.</exception>
    public string? Text(string name) => Has(name) ? System.Text.Encoding.UTF8.GetString(Bytes(name)) : null;

    private JsonValue Read(string name)
    {
        string path = Path.Combine(Folder, name);
        if (!Has(name))
        {
            return JsonValue.Absent(path, s_error);
        }

        JsonValue root = JsonValue.Parse(path, Bytes(name), s_error, isLenient: true);
        return root.IsObject ? root : throw new ModelLoadException($"{path}: must be a JSON object, but is {root.Json.ValueKind}.");
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
