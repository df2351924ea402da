using System.Text.Json;

namespace SafeVision.Models;

/// <summary>How a text becomes the input of a text encoder.</summary>
/// <param name="Kind"><c>bertWordPiece</c>.</param>
/// <param name="Vocabulary">The file that lists the tokens.</param>
/// <param name="LowerCase">Whether texts are lower-cased and stripped of accents first.</param>
/// <param name="MaxTokens">The longest text in tokens, 3 to 8192; what is longer is cut.</param>
public sealed record ModelTokenizer(string Kind, string Vocabulary, bool LowerCase, int MaxTokens)
{
    /// <exception cref="InvalidDataException">The vocabulary is not one.</exception>
    internal BertSentenceTokenizer Create(byte[] vocabulary) => BertSentenceTokenizer.Create(vocabulary, MaxTokens, LowerCase);

    internal void Validate()
    {
        if (Kind != "bertWordPiece" || string.IsNullOrEmpty(Vocabulary) || MaxTokens is < 3 or > 8192)
        {
            throw new JsonException("tokenizer needs the kind bertWordPiece, a vocabulary file, and maxTokens from 3 to 8192");
        }
    }
}
