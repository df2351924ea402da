using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

/// <summary>What a format's header says, read before any pixel is allocated. Sizes are as stored, not upright.</summary>
/// <param name="Width">Stored columns.</param>
/// <param name="Height">Stored rows.</param>
/// <param name="Frames">Frames in the file.</param>
/// <param name="Orientation">How to turn the stored image upright.</param>
/// <param name="HasAlpha">Whether a pixel may be transparent.</param>
/// <param name="HasRgbProfile">Whether there is an ICC profile for RGB pixels.</param>
internal readonly record struct ImageHeader(
    int Width, int Height, int Frames = 1, Orientation Orientation = Orientation.Upright, bool HasAlpha = false, bool HasRgbProfile = false);
