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

        if (folder.ReadJson("tokenizer.json") is JsonValue json)
        {
            return TokenizerJsonReader.Read(json, mayEnd);
        }

        if (folder.Read("tokenizer.model") is byte[] model)
        {
            return SentencePieceReader.Read(folder, model);
        }

        if (folder.ReadJson("vocab.json") is JsonValue vocabulary)
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
    public JsonValue? ReadJson(string name)
    {
        if (Read(name) is not byte[] bytes)
        {
            return null;
        }

        string file = Path.Combine(path, name);
        return JsonValue.Parse(file, bytes, static (message, cause) => new ModelLoadException(message, cause), root: "$");
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

/// <summary>What tokenizer files ask of their values.</summary>
internal static class TokenizerValues
{
    /// <summary>An id from 0 to <see cref="TokenizerLimits.HighestId"/>.</summary>
    public static int GetId(this JsonValue value) => value.Exists && value.Json.ValueKind == JsonValueKind.Number && value.Json.TryGetInt32(out int id) && id is >= 0 and <= TokenizerLimits.HighestId
        ? id
        : throw value.Invalid($"is no id from 0 to {TokenizerLimits.HighestId}");

    /// <summary>True or false; <paramref name="absent"/> where it is missing.</summary>
    public static bool Flag(this JsonValue value, bool absent) => !value.Exists || value.Json.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.Boolean(absent)
        : throw value.Invalid("is neither true nor false");

    /// <summary>The two texts of a list of two, or null if it is no such list.</summary>
    public static (string First, string Second)? GetPair(this JsonValue value)
    {
        JsonValue[] items = [.. value.Items()];
        return items.Length != 2 ? null : (Text(items[0]), Text(items[1]));

        static string Text(JsonValue item) => item.IsText ? item.RequiredText() : throw item.Invalid("is not a text");
    }

    /// <summary>An error that says that the file asks for what is not known here.</summary>
    public static Exception Unknown(this JsonValue value, string what) => value.Invalid($"{what} is not supported by this tokenizer reader");
}
