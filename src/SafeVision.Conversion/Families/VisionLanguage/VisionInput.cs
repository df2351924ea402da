using SafeVision.Models;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>One input of a vision encoder, for a check.</summary>
/// <param name="Shape">Its sizes.</param>
/// <param name="Numbers">Its numbers; whole where the input takes integers or flags.</param>
internal sealed record VisionInput(int[] Shape, float[] Numbers)
{
    /// <summary>Numbers from -1 to 1, as preprocessed pixels are.</summary>
    public static VisionInput Noise(ulong seed, params int[] shape)
    {
        int length = shape.Aggregate(1, (product, size) => checked(product * size));
        return new VisionInput(shape, GoldenInput.CreateSigned(seed, length));
    }
}
