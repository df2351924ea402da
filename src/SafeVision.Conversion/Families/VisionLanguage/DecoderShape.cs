namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The sizes of a language model.</summary>
internal sealed record DecoderShape
{
    public required int Hidden { get; init; }

    public required int Intermediate { get; init; }

    /// <summary>How many heads ask.</summary>
    public required int Heads { get; init; }

    /// <summary>How many heads answer: keys and values, each shared by as many queries (Ainslie et al., arXiv 2305.13245).</summary>
    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required int Vocabulary { get; init; }

    public required RotaryTable Rotary { get; init; }

    /// <summary>How many of a head's angles follow the time, the row and the column of a picture's token; null: all follow the one position.</summary>
    public IReadOnlyList<int>? RotarySections { get; init; }
}
