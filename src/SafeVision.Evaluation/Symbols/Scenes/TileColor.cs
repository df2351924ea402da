using SkiaSharp;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Colours of the tiles behind some symbols, harmful or not.</summary>
internal static class TileColor
{
    // Those that emoji sets put behind religion, prohibition and offices: standing behind anything, they stand for nothing.
    private static readonly double[] s_hues = [275, 0, 215];

    /// <summary>A random one, often of these.</summary>
    public static SKColor Create(SeededRandom random) => random.Chance(0.6)
        ? Tone.Of(random.Pick(s_hues) + random.Next(-12, 12), random.Next(0.55, 0.9), random.Next(0.6, 0.95))
        : Tone.Of(random.Next(0, 360), random.Next(0.3, 0.9), random.Next(0.5, 0.95));
}
