namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>What a piece of a SentencePiece model is for; the numbers are those of sentencepiece_model.proto.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
