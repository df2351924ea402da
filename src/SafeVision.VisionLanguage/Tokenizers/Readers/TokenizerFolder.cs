using System.Text.Json;
using SafeVision.Files;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

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
