using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>The most that a model's files may make of one picture; more is a broken or a hostile file.</summary>
internal static class ImageBudget
{
    /// <summary>Tiles, an overview apart.</summary>
    public const int MostTiles = 64;

    /// <summary>Image tokens.</summary>
    public const int MostTokens = 16_384;

    /// <summary>A tile's side in pixels.</summary>
    public const int LongestTile = 2048;

    private const int MostValues = 1 << 27;

    /// <summary>Checks what a picture can take at most.</summary>
    /// <param name="key">The setting to blame.</param>
    /// <param name="tokens">Image tokens.</param>
    /// <param name="values">Floats for the vision tower.</param>
    /// <exception cref="Inference.ModelLoadException">It is too much.</exception>
    public static void Require(ConfigurationValue key, long tokens, long values)
    {
        if (tokens is < 1 or > MostTokens)
        {
            throw key.Wrong($"what gives a picture 1 to {MostTokens} image tokens, not {tokens}");
        }

        if (values > MostValues)
        {
            throw key.Wrong($"what gives a picture at most {MostValues} pixel values, not {values}");
        }
    }

    /// <summary>Checks that a plan and a buffer belong to a picture.</summary>
    /// <exception cref="ArgumentException">They don't.</exception>
    public static void RequireLength(ImageFrame frame, int length, ImagePlan plan, Span<float> pixels)
    {
        if (plan.PixelCount != length || pixels.Length != length)
        {
            throw new ArgumentException($"A {frame.Width}x{frame.Height} picture has {length} pixel values; the plan has {plan.PixelCount} and the buffer {pixels.Length}.");
        }
    }
}
