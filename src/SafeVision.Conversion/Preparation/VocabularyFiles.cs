using System.Text.Encodings.Web;
using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Preparation;

/// <summary>Writes new tokens into copies of a checkpoint's tokenizer files, and the vocabulary's size into its configuration.</summary>
internal sealed class VocabularyFiles
{
    public const string Configuration = "config.json";

    public const int LargestFile = 64 << 20;

    /// <summary>How changed files are written: readable, and all characters as they are.</summary>
    private static readonly JsonWriterOptions s_writing = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where families keep what the language model is like, unless it stands beside everything else.</summary>
    private static readonly string[] s_textParts = ["text_config", "llm_config"];

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
            files.Change(Configuration, config => SetSize(config, "vocab_size", rows));
            files.ExtendTokenizer();
        }

        return files._changed;
    }

    /// <summary>A configuration with another number, so that no host expects what the graphs do not have.</summary>
    /// <param name="config">The bytes of the file, which was read already.</param>
    /// <param name="property">The number's name.</param>
    public static byte[] WithSize(ReadOnlySpan<byte> config, string property, int size)
    {
        JsonObject json = JsonNode.Parse(WithoutMark(config))!.AsObject();
        SetSize(json, property, size);
        return Written(json);
    }

    /// <summary>Writes a number into a configuration, wherever it states one by that name.</summary>
    private static void SetSize(JsonObject config, string property, int size)
    {
        foreach (JsonObject part in s_textParts.Select(name => config[name]).OfType<JsonObject>().Append(config))
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

            foreach (VocabularyAddition row in _plan.Added)
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
                foreach (VocabularyAddition row in _plan.Added)
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
            _changed["added_tokens.json"] = Written(tokens);
        }
    }

    private void AddIds(JsonObject tokens)
    {
        foreach (VocabularyAddition row in _plan.Added)
        {
            tokens[row.Content] = row.Id;
        }
    }

    /// <summary>Names the tokens special, in the list that says so where there is one.</summary>
    private void AddContents(JsonObject file)
    {
        if (file["additional_special_tokens"] is JsonArray special)
        {
            foreach (VocabularyAddition row in _plan.Added)
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
            JsonObject file = JsonNode.Parse(WithoutMark(CheckpointFile.ReadAllBytes(path, LargestFile)), null, s_reading) as JsonObject
                ?? throw new CheckpointException($"{path}: is no JSON object.");
            change(file);
            _changed[name] = Written(file);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path}: new tokens can't be added. {exception.Message}", exception);
        }
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json.StartsWith("\uFEFF"u8) ? json[3..] : json;

    private static byte[] Written(JsonObject file)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, s_writing))
        {
            file.WriteTo(writer);
        }

        return stream.ToArray();
    }
}
