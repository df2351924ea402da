using SafeVision.Execution;

namespace SafeVision.Tokenizers.Readers;

/// <summary>Reads whichever tokenizer a model's folder has.</summary>
internal static class TokenizerReader
{
    /// <exception cref="ModelLoadException">It has none, or one that is malformed or asks for what is not known here.</exception>
    public static TokenizerParts Read(TokenizerFolder folder)
    {
        if (folder.ReadJson("tokenizer.json") is JsonPlace json)
        {
            return TokenizerJsonReader.Read(json);
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
