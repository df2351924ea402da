namespace SafeVision.Imaging;

/// <summary>Order and meaning of the bytes of one pixel. Colour is sRGB, 8 bits a channel; alpha is straight, not premultiplied.</summary>
public enum PixelFormat
{
    /// <summary>One byte: luminance.</summary>
    Gray8,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb24,

    /// <summary>Four bytes: red, green, blue, alpha.</summary>
    Rgba32,

    /// <summary>Four bytes: blue, green, red, alpha.</summary>
    Bgra32,
}
