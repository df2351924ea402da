using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SafeVision.Files;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>Reads whichever tokenizer a model's folder has.</summary>
internal static class TokenizerReader
{
    /// <param name="folder">The folder.</param>
    /// <param name="mayEnd">Whether the tokenizer may put a token behind a text: not where the text is to be continued.</param>
    /// <exception cref="ModelLoadException">It has none, or one that is malformed or asks for what is not known here.</exception>
    public static TokenizerParts Read(TokenizerFolder folder, bool mayEnd)
    {
        if (mayEnd && folder.Read("spiece.model") is byte[] pieces)
        {
            return SiglipReader.Read(folder, pieces);
        }

        if (folder.ReadJson("tokenizer.json") is JsonPlace json)
        {
            return TokenizerJsonReader.Read(json, mayEnd);
        }

        if (folder.Read("tokenizer.model") is byte[] model)
        {
            return SentencePieceReader.Read(folder, model);
        }

        if (folder.ReadJson("vocab.json") is JsonPlace vocabulary)
        {
            return VocabularyAndMergesReader.Read(folder, vocabulary);
        }

        throw new ModelLoadException(
            $"{folder}: there is no tokenizer.json, tokenizer.model or vocab.json (with merges.txt). "
            + "Copy the tokenizer files from where the model was published.");
    }
}

/// <summary>The tokenizer files of a model's folder, each read whole and within limits.</summary>
internal sealed class TokenizerFolder(string path)
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    public override string ToString() => path;

    /// <summary>The bytes of a file, or null if it is not there.</summary>
    /// <exception cref="ModelLoadException">It cannot be read, or is longer than <see cref="TokenizerLimits.FileBytes"/>.</exception>
    public byte[]? Read(string name)
    {
        string file = Path.Combine(path, name);
        try
        {
            return RegularFile.ReadAllBytes(file, TokenizerLimits.FileBytes);
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.Missing && !Path.Exists(file))
        {
            return null;
        }
        catch (FileRefusedException exception)
        {
            throw new ModelLoadException($"{file}: cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The root of a JSON file, or null if it is not there.</summary>
    /// <exception cref="ModelLoadException">It cannot be read, is too long, or is no JSON.</exception>
    public JsonPlace? ReadJson(string name)
    {
        if (Read(name) is not byte[] bytes)
        {
            return null;
        }

        string file = Path.Combine(path, name);
        ReadOnlySpan<byte> text = bytes;
        try
        {
            return new JsonPlace(file, "$", JsonElement.Parse(text.StartsWith("\uFEFF"u8) ? text[3..] : text, s_json));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelLoadException($"{file}: is no JSON: {exception.Message} Copy the file again from where the model was published.", exception);
        }
    }
}

/// <summary>What a tokenizer file may ask for at most. Published ones stay below a tenth of it.</summary>
internal static class TokenizerLimits
{
    /// <summary>The longest file in bytes.</summary>
    public const int FileBytes = 64 << 20;

    /// <summary>The highest id.</summary>
    public const int HighestId = (1 << 21) - 1;

    /// <summary>The most added tokens.</summary>
    public const int AddedTokens = 1 << 16;

    /// <summary>The longest SentencePiece piece in UTF-16 units; the work to read one grows with the square of it.</summary>
    public const int SentencePieceUnits = 512;
}

/// <summary>A value in a JSON file that knows where it stands, so that what is wrong with it can be said.</summary>
internal readonly record struct JsonPlace(string File, string Owner, JsonElement Element, int Index = -1)
{
    private const int LongestQuote = 120;

    /// <summary>The JSON path, written only when it is asked for: a list may have hundreds of thousands of items.</summary>
    public string Path => Index < 0 ? Owner : $"{Owner}[{Index}]";

    public bool IsObject => Element.ValueKind == JsonValueKind.Object;

    public bool IsString => Element.ValueKind == JsonValueKind.String;

    /// <summary>A member that is there and not null, or null.</summary>
    public JsonPlace? Find(string name)
    {
        Expect(JsonValueKind.Object, "an object");
        return Element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonPlace(File, $"{Path}.{name}", value)
            : null;
    }

    /// <summary>A member that must be there.</summary>
    public JsonPlace Get(string name) => Find(name) ?? throw Wrong($"{name} is missing");

    public string GetText()
    {
        Expect(JsonValueKind.String, "a text");
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong("is not well-formed Unicode");
        }
    }

    public string GetText(string name) => Get(name).GetText();

    public bool GetFlag(string name, bool absent) => Find(name) is not JsonPlace value ? absent
        : value.Element.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.Element.GetBoolean()
        : throw value.Wrong("is neither true nor false");

    /// <summary>An id from 0 to <see cref="TokenizerLimits.HighestId"/>.</summary>
    public int GetId() => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int id) && id is >= 0 and <= TokenizerLimits.HighestId
        ? id
        : throw Wrong($"is no id from 0 to {TokenizerLimits.HighestId}");

    public IEnumerable<JsonPlace> Items()
    {
        Expect(JsonValueKind.Array, "a list");
        (string file, string path) = (File, Path);
        return Element.EnumerateArray().Select((value, index) => new JsonPlace(file, path, value, index));
    }

    /// <summary>The two texts of a list of two, or null if it is no such list.</summary>
    public (string First, string Second)? GetPair()
    {
        Expect(JsonValueKind.Array, "a list");
        return Element.GetArrayLength() != 2 ? null
            : Element[0].ValueKind == JsonValueKind.String && Element[1].ValueKind == JsonValueKind.String
                ? (new JsonPlace(File, Owner, Element[0], Index).GetText(), new JsonPlace(File, Owner, Element[1], Index).GetText())
                : throw Items().First(item => !item.IsString).Wrong("is not a text");
    }

    public IEnumerable<(string Name, JsonPlace Value)> Members()
    {
        Expect(JsonValueKind.Object, "an object");
        (string file, string path) = (File, Path);
        foreach (JsonProperty member in Element.EnumerateObject())
        {
            string name;
            try
            {
                name = member.Name;
            }
            catch (InvalidOperationException)
            {
                throw Wrong("has a name that is not well-formed Unicode");
            }

            yield return (name, new JsonPlace(file, path, member.Value));
        }
    }

    /// <summary>An error that says where, what stands there, and what is wrong with it.</summary>
    public ModelLoadException Wrong(string what)
    {
        string quote = Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(Element)); // which need not be well-formed
        quote = quote.Length > LongestQuote ? $"{quote.AsSpan(0, LongestQuote)}…" : quote;
        return new ModelLoadException($"{File}: {Path}: {what}: {quote}");
    }

    /// <summary>An error that says that the file asks for what is not known here.</summary>
    public ModelLoadException Unknown(string what) => Wrong($"{what} is not supported by this tokenizer reader");

    private void Expect(JsonValueKind kind, string what)
    {
        if (Element.ValueKind != kind)
        {
            throw Wrong($"is not {what}");
        }
    }
}
