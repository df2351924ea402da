using System.Text;
using Microsoft.ML.Tokenizers;

namespace SafeVision.Tokenizers;

/// <summary>
/// Text to the token ids of a BERT model: <c>[CLS]</c>, word pieces, <c>[SEP]</c>. Special tokens written in
/// the text are text, so that a phrase can neither end nor mask itself. Takes any text, lone surrogates too. Thread-safe.
/// </summary>
/// <remarks>
/// Word pieces come from Microsoft.ML.Tokenizers; words are made by <see cref="BertTextNormalizer"/> and
/// <see cref="BertWordSplitter"/>, since that library's own differ from the reference. Ids equal those of
/// huggingface/tokenizers but for some six hundred code points of rare scripts, which that library does not know because
/// its Unicode tables are of version 8: it takes marks, format characters and punctuation among them for letters.
/// </remarks>
internal sealed class BertSentenceTokenizer
{
    private const int LongestWord = 100;

    private readonly WordPieceTokenizer _pieces;
    private readonly int _maxTokens;
    private readonly int _classification;
    private readonly int _separator;

    private BertSentenceTokenizer(WordPieceTokenizer pieces, int maxTokens, int classification, int separator) =>
        (_pieces, _maxTokens, _classification, _separator) = (pieces, maxTokens, classification, separator);

    /// <summary>Reads a vocabulary in UTF-8, one word piece a line, ids from 0.</summary>
    /// <param name="vocabulary">The file.</param>
    /// <param name="maxTokens">How many ids a text has at most, the two around it included; what is over is cut off.</param>
    /// <param name="lowerCase">Whether the model is uncased: texts are lower-cased and stripped of accents.</param>
    /// <exception cref="InvalidDataException">The vocabulary lacks a special token or repeats a word piece.</exception>
    public static BertSentenceTokenizer Create(byte[] vocabulary, int maxTokens, bool lowerCase)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 2);
        Dictionary<string, int> ids = ReadIds(vocabulary);
        using MemoryStream stream = new(vocabulary);
        WordPieceTokenizer pieces = WordPieceTokenizer.Create(stream, new WordPieceOptions
        {
            Normalizer = new BertTextNormalizer(lowerCase),
            PreTokenizer = new BertWordSplitter(),
            UnknownToken = Require("[UNK]"),
            MaxInputCharsPerWord = LongestWord,
        });
        return new BertSentenceTokenizer(pieces, maxTokens, ids[Require("[CLS]")], ids[Require("[SEP]")]);

        string Require(string token) => ids.ContainsKey(token)
            ? token
            : throw new InvalidDataException($"the vocabulary has {ids.Count} word pieces, but no {token}");
    }

    /// <summary>The ids of a text, from 2 to the greatest number that was set.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        // The library stops before the word that would pass its limit; the reference cuts that word. One more is enough.
        IReadOnlyList<int> pieces = _pieces.EncodeToIds(text, _maxTokens + LongestWord, out _, out _);
        return [_classification, .. pieces.Take(_maxTokens - 2), _separator];
    }

    private static Dictionary<string, int> ReadIds(byte[] vocabulary)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        using StreamReader reader = new(new MemoryStream(vocabulary), Encoding.UTF8);
        while (reader.ReadLine() is string piece)
        {
            if (!ids.TryAdd(piece, ids.Count))
            {
                throw new InvalidDataException($"line {ids.Count + 1} of the vocabulary repeats line {ids[piece] + 1}");
            }
        }

        return ids;
    }
}
