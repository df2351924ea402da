using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

/// <summary>What a format's header says, read before any pixel is allocated. Sizes are as stored, not upright.</summary>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
/// <param name="Frames">Frames in the file.</param>
/// <param name="Orientation">How to turn the stored image upright.</param>
/// <param name="HasAlpha">Whether a pixel may be transparent.</param>
/// <param name="Color">What it says about the colours of the pixels.</param>
/// <param name="CanIgnoreAlpha">Whether viewers differ in whether they heed the alpha: they do for BMP and TIFF.</param>
internal readonly record struct ImageHeader(
    int Width, int Height, int Frames = 1, Orientation Orientation = Orientation.Upright, bool HasAlpha = false,
    ColorInformation Color = default, bool CanIgnoreAlpha = false);
