namespace SafeVision.Conversion.Families.Encoders;

/// <summary>What a configuration that leaves something out means, as transformers' class for it has it.</summary>
internal sealed record EncoderDefaults
{
    public required int Width { get; init; }

    public required int Intermediate { get; init; }

    public int Layers { get; init; } = 12;

    public required int Heads { get; init; }

    public required string Activation { get; init; }

    public required double Epsilon { get; init; }

    public int ImageSize { get; init; } = 224;

    public int PatchSize { get; init; } = 16;

    public int Vocabulary { get; init; }

    public int Positions { get; init; }
}
