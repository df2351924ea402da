using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>A drawing with the words for what it shows.</summary>
/// <param name="Icon">The drawing.</param>
/// <param name="Name">What it is called: an id's words.</param>
/// <param name="Keywords">What else it is found by; may be empty.</param>
/// <param name="Weight">How much it counts in the fit.</param>
/// <param name="IsLabel">Whether its name becomes a label of the head.</param>
internal sealed record DrawingConcept(Icon Icon, string Name, IReadOnlyList<string> Keywords, double Weight, bool IsLabel);
