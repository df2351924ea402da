using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A block: each channel's neighbourhood, a norm, and a feed-forward part for each place.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="Depthwise">[channels, 7 · 7].</param>
/// <param name="Norm">Over the channels of a place.</param>
/// <param name="Up">To four times as many channels.</param>
/// <param name="Down">Back again; a layer scale behind it is already in it.</param>
internal sealed record ConvNextBlock(string Name, Projection Depthwise, NormWeights Norm, Projection Up, Projection Down)
{
    public const int KernelSize = 7;
}
