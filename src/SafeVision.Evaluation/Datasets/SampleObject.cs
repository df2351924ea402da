using SafeVision.Assessments;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A thing in a picture.</summary>
/// <param name="Name">What it is, in plain words: "wolf trap".</param>
/// <param name="Box">The smallest upright rectangle around what is visible of it, in fractions of the image.</param>
/// <param name="Categories">The ids of the categories that it is evidence for; empty for a thing that is harmless here.</param>
public sealed record SampleObject(string Name, ImageBox Box, IReadOnlyList<string> Categories);
