namespace SafeVision.Imaging;

/// <summary>
/// How the bytes of a picture lie in memory: rows from top to bottom without padding, eight bits a channel. The value
/// of a member is its number of bytes a pixel. Alpha is straight, not premultiplied.
/// </summary>
public enum PixelLayout
{
    /// <summary>One byte: luminance.</summary>
    Gray8 = 1,

    /// <summary>Two bytes: luminance, alpha.</summary>
    GrayAlpha16 = 2,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb24 = 3,

    /// <summary>Four bytes: red, green, blue, alpha.</summary>
    Rgba32 = 4,
}
