using SafeVision.VisionLanguage.Tokenizers.Decoders;
using SafeVision.VisionLanguage.Tokenizers.Normalizers;
using SafeVision.VisionLanguage.Tokenizers.Splitters;
using SafeVision.VisionLanguage.Tokenizers.Vocabularies;

namespace SafeVision.VisionLanguage.Tokenizers;

/// <summary>What a tokenizer is made of, as a reader found it in a model's folder.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The tokens that are recognised as a whole, by id; no two share an id or a content.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Changes each piece between added tokens.</summary>
    public required TextNormalizer Normalizer { get; init; }

    /// <summary>Splits each changed piece into words.</summary>
    public required TextSplitter Splitter { get; init; }

    /// <summary>Turns words into ids.</summary>
    public required PieceVocabulary Vocabulary { get; init; }

    /// <summary>Makes what turns ids back into text.</summary>
    public required Func<PieceDecoder> CreateDecoder { get; init; }

    /// <summary>The id put in front of a prompt.</summary>
    public int? BeginningOfText { get; init; }

    /// <summary>The id put behind a text that is not to be continued.</summary>
    public int? EndOfText { get; init; }

    /// <summary>Ids that are special without being added tokens, such as a SentencePiece model's control pieces.</summary>
    public IReadOnlyList<int> ControlPieces { get; init; } = [];
}
