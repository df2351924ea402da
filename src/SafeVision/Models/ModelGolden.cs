namespace SafeVision.Models;

/// <summary>A known answer of a model.</summary>
public sealed record ModelGolden
{
    /// <summary>For messages.</summary>
    public string Name { get; init; } = "";

    /// <summary>The seed that the input is made from (image models).</summary>
    public uint Seed { get; init; }

    /// <summary>The text (text encoders).</summary>
    public string? Text { get; init; }

    /// <summary>The first numbers of the first output.</summary>
    public IReadOnlyList<float> Outputs { get; init; } = [];
}
