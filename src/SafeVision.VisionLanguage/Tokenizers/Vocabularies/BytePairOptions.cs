namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>How a byte-pair vocabulary is used.</summary>
internal sealed record BytePairOptions
{
    /// <summary>Whether a word is written byte by byte in the <see cref="ByteAlphabet"/> before it is merged.</summary>
    public bool IsByteLevel { get; init; }

    /// <summary>Whether a character without a piece is written as <c>&lt;0x0A&gt;</c> and the like.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>What the pieces that end a word have at their end, such as <c>&lt;/w&gt;</c> (CLIP); empty: nothing.</summary>
    public string EndOfWord { get; init; } = "";

    /// <summary>Whether a word that is a piece as it stands is taken so, merges or not.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>The id of what has no piece; without one it is dropped.</summary>
    public int? Unknown { get; init; }

    /// <summary>Whether unknown characters in a row become one id.</summary>
    public bool FusesUnknown { get; init; }
}
