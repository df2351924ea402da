namespace SafeVision.VisionLanguage.Tokenizers.Readers;

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
