using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>A word in the picture that says nothing about it. Lengths are fractions of the picture's side.</summary>
internal sealed record Caption(string Text, double X, double Y, double Height, SKColor Color);
