namespace SafeVision.Conversion;

/// <summary>How far a stage of a conversion is.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Done">What is done: bytes when reading and writing, layers computed when verifying, steps when measuring, names when embedding.</param>
/// <param name="Total">What there is to do.</param>
public readonly record struct ConversionProgress(ConversionStage Stage, long Done, long Total);
