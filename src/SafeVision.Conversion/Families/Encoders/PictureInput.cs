using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Models;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The pictures that an encoder takes: <c>pixel_values</c>, float32 [batch, 3, size, size].</summary>
internal static class PictureInput
{
    public const string Name = "pixel_values";

    /// <summary>Red, green, blue.</summary>
    public const int Channels = 3;

    /// <summary>The largest side; larger ones are a damaged configuration.</summary>
    public const int LargestSide = 2048;

    public static string Write(TransformerGraph blocks, int side) =>
        blocks.FloatInput(Name, ("batch_size", null), ("channels", Channels), ("height", side), ("width", side));

    /// <summary>Numbers from 0 to 1, as the goldens of image models have them.</summary>
    public static IReadOnlyDictionary<string, VisionInput> Probe(ulong seed, int side) => new Dictionary<string, VisionInput>
    {
        [Name] = new([1, Channels, side, side], GoldenInput.Create(seed, Channels * side * side)),
    };
}
