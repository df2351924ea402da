using System.Text.Encodings.Web;
using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Preparation;

/// <summary>Writes new tokens into copies of a checkpoint's tokenizer files, and the vocabulary's size into its configuration.</summary>
internal sealed class VocabularyFiles
{
    /// <summary>How changed files are written: readable, and all characters as they are.</summary>
    public static readonly JsonWriterOptions Writing = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where families keep what the language model is like, unless it stands beside everything else.</summary>
    public static readonly string[] TextParts = ["text_config", "llm_config"];

    public const int LargestFile = 64 << 20;

    private static readonly JsonDocumentOptions s_reading = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    private readonly string _folder;
    private readonly VocabularyPlan _plan;
    private readonly Dictionary<string, byte[]> _changed = new(StringComparer.Ordinal);

    private VocabularyFiles(string folder, VocabularyPlan plan) => (_folder, _plan) = (folder, plan);

    /// <summary>The files that differ from the checkpoint's, by name.</summary>
    /// <param name="rows">How many rows the vocabulary has with them.</param>
    /// <exception cref="CheckpointException">A file is no such file.</exception>
    public static IReadOnlyDictionary<string, byte[]> Extend(string folder, VocabularyPlan plan, int rows)
    {
        var files = new VocabularyFiles(folder, plan);
        if (plan.Added.Count > 0)
        {
            files.Change("config.json", config => SetSize(config, "vocab_size", rows));
            files.ExtendTokenizer();
        }

        return files._changed;
    }

    /// <summary>Writes a number into a configuration, wherever it states one by that name.</summary>
    public static void SetSize(JsonObject config, string property, int size)
    {
        foreach (JsonObject part in TextParts.Select(name => config[name]).OfType<JsonObject>().Append(config))
        {
            if (part[property] is System.Text.Json.Nodes.JsonValue)
            {
                part[property] = size;
            }
        }
    }

    private static JsonObject Entry(string content) => new()
    {
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private void ExtendTokenizer()
    {
        bool isListed = Change("tokenizer.json", tokenizer =>
        {
            if (tokenizer["added_tokens"] is not JsonArray tokens)
            {
                tokenizer["added_tokens"] = tokens = [];
            }

            foreach (VocabularyPlan.Row row in _plan.Added)
            {
                JsonObject entry = Entry(row.Content);
                entry.Insert(0, "id", row.Id);
                tokens.Add((JsonNode)entry);
            }
        });
        Change("tokenizer_config.json", configuration =>
        {
            AddContents(configuration);
            if (configuration["added_tokens_decoder"] is JsonObject decoder)
            {
                isListed = true;
                foreach (VocabularyPlan.Row row in _plan.Added)
                {
                    decoder[$"{row.Id}"] = Entry(row.Content);
                }
            }
        });
        Change("special_tokens_map.json", AddContents);
        bool isInFile = Change("added_tokens.json", AddIds);
        if (!isListed && !isInFile)
        {
            var tokens = new JsonObject();
            AddIds(tokens);
            Write("added_tokens.json", tokens);
        }
    }

    private void AddIds(JsonObject tokens)
    {
        foreach (VocabularyPlan.Row row in _plan.Added)
        {
            tokens[row.Content] = row.Id;
        }
    }

    /// <summary>Names the tokens special, in the list that says so where there is one.</summary>
    private void AddContents(JsonObject file)
    {
        if (file["additional_special_tokens"] is JsonArray special)
        {
            foreach (VocabularyPlan.Row row in _plan.Added)
            {
                special.Add((JsonNode)row.Content);
            }
        }
    }

    /// <summary>Changes a file; false where it is not there.</summary>
    private bool Change(string name, Action<JsonObject> change)
    {
        string path = Path.Combine(_folder, name);
        if (!File.Exists(path))
        {
            return false;
        }

        try
        {
            ReadOnlySpan<byte> bytes = CheckpointFile.ReadAllBytes(path, LargestFile);
            JsonObject file = JsonNode.Parse(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, null, s_reading) as JsonObject
                ?? throw new CheckpointException($"{path}: is no JSON object.");
            change(file);
            Write(name, file);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: new tokens can't be added. {exception.Message}", exception);
        }
    }

    private void Write(string name, JsonObject file)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Writing))
        {
            file.WriteTo(writer);
        }

        _changed[name] = stream.ToArray();
    }
}
