using System.Numerics;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Adds to every channel of every pixel a normally distributed number.</summary>
/// <param name="deviation">The standard deviation, in levels of 255.</param>
internal sealed class GaussianNoise(double deviation) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        var noisy = new Picture(picture.Width, picture.Height);
        Span<byte> target = noisy.Pixels;
        ReadOnlySpan<byte> source = picture.Pixels;
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = (byte)Math.Clamp((int)Math.Floor(source[i] + (deviation * Normal(random)) + 0.5), 0, 255);
        }

        return noisy;
    }

    /// <summary>
    /// The number of ones among 64 random bits is near normal (mean 32, deviation 4); a uniform part fills the gaps between
    /// whole numbers. Unlike logarithm and cosine (Box and Muller 1958), it is the same to the last bit on every machine.
    /// </summary>
    private static double Normal(SeededRandom random) =>
        (BitOperations.PopCount(random.NextBits()) - 32 + random.NextDouble() - 0.5) / Deviation;

    // Of the sum: the variance of the ones, 64/4, and of the uniform part, 1/12.
    private static readonly double Deviation = Math.Sqrt(16 + (1.0 / 12));
}
