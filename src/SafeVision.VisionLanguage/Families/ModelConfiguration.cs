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

    /// <summary>How pictures are prepared.</summary>
    public ConfigurationValue Preprocessor => File("preprocessor_config.json");

    /// <summary>How pictures and text come together.</summary>
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
