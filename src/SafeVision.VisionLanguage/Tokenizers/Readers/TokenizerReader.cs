using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

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
