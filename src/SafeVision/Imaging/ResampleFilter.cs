namespace SafeVision.Imaging;

/// <summary>
/// The kernel that a picture is resampled with. The names and the numbers they give are Pillow's
/// (<c>PIL.Image.Resampling</c>): when a picture shrinks, the kernel is widened by the scale, so nothing aliases.
/// </summary>
public enum ResampleFilter
{
    /// <summary>The one source pixel under the centre of the target pixel. Fast, and aliases.</summary>
    Nearest,

    /// <summary>The mean of the source pixels under the target pixel; support 0.5.</summary>
    Box,

    /// <summary>A triangle; support 1.</summary>
    Bilinear,

    /// <summary>A Hamming-windowed sinc, sharper than <see cref="Bilinear"/> at the same cost; support 1.</summary>
    Hamming,

    /// <summary>Keys' cubic convolution with a = -0.5; support 2.</summary>
    Bicubic,

    /// <summary>A sinc windowed by the centre lobe of a wider sinc; support 3.</summary>
    Lanczos,
}
