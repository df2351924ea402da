namespace SafeVision.Assessments;

/// <summary>What a score rests on.</summary>
public sealed record Evidence
{
    /// <summary>No evidence.</summary>
    public static Evidence None { get; } = new();

    /// <summary>The labels that contributed, largest contribution first.</summary>
    public IReadOnlyList<LabelEvidence> Labels { get; init; } = [];

    /// <summary>The share that the model gave the category among all answers it could give, 0 to 1: the probability mass of its
    /// labels (for a drawing, of what is judged by two heads, their weighted mean), or of the words that stand for it. Null for
    /// engines that give none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Probability { get; init; }

    /// <summary>How far that share is above the likeliest other answer's, -1 to 1: near 0 the model hesitated. Where the model was
    /// asked about each category by itself, the other answer is that it does not apply.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Margin { get; init; }

    /// <summary>The reason in the model's own words; encode it before it goes into a page.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Words { get; init; }

    /// <summary>Where in the image the score comes from; null when the engine can't say or found nothing to point at.</summary>
    public HeatMap? HeatMap { get; init; }

    /// <summary>The rectangles that hold most of the heat, strongest first, in fractions of the image's size.</summary>
    public IReadOnlyList<ImageBox> Boxes { get; init; } = [];
}

/// <summary>A label that contributed to a score.</summary>
/// <param name="Label">The label, as <c>set:index first-name</c>.</param>
/// <param name="Share">The probability that the model gives the label, 0 to 1.</param>
/// <param name="Phrase">The policy's phrase that includes it.</param>
/// <param name="Relation"><c>is</c>, <c>kind of</c>, or how the label shows it: <c>holds</c>, <c>shows</c>.</param>
/// <param name="Word">What the label is, is a kind of, or shows: the phrase's word, in the singular.</param>
public sealed record LabelEvidence(string Label, double Share, string Phrase, string Relation, string Word)
{
    /// <summary>How much of the share counts for the category, above 0 and at most 1.</summary>
    public double Weight { get; init; } = 1;
}
