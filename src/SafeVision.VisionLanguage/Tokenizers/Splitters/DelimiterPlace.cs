namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>Where a delimiter goes.</summary>
internal enum DelimiterPlace
{
    /// <summary>It is a word of its own.</summary>
    Isolated,

    /// <summary>It is dropped.</summary>
    Removed,

    /// <summary>It ends the word before it.</summary>
    MergedWithPrevious,

    /// <summary>It starts the word after it.</summary>
    MergedWithNext,
}
