namespace SafeVision.Assessments;

/// <summary>What a score rests on.</summary>
public sealed record Evidence
{
    /// <summary>No evidence.</summary>
    public static Evidence None { get; } = new();

    /// <summary>The labels that contributed, largest contribution first.</summary>
    public IReadOnlyList<LabelEvidence> Labels { get; init; } = [];

    /// <summary>Where in the image the score comes from; null when the engine can't say or found nothing to point at.</summary>
    public HeatMap? HeatMap { get; init; }

    /// <summary>The rectangles that hold most of the heat, strongest first, in fractions of the image's size.</summary>
    public IReadOnlyList<ImageBox> Boxes { get; init; } = [];
}
