namespace SafeVision.VisionLanguage.Tokenizers.Decoders;

/// <summary>How pieces with a mark for the space become text: the steps of a decoder of huggingface/tokenizers.</summary>
internal sealed record ByteFallbackRules
{
    /// <summary>What is put in the place of what in every piece, in order.</summary>
    public IReadOnlyList<(string Pattern, string Content)> Replacements { get; init; } = [];

    /// <summary>Whether <c>&lt;0x0A&gt;</c> and the like are bytes.</summary>
    public bool JoinsBytes { get; init; }

    /// <summary>The character of which the text loses up to <see cref="StrippedCount"/> at its start.</summary>
    public char Stripped { get; init; }

    public int StrippedCount { get; init; }

    /// <summary>A text that the first piece loses wherever it stands in it, before the replacements; null for none.</summary>
    public string? DroppedFromFirst { get; init; }
}
