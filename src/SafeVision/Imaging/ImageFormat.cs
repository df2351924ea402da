namespace SafeVision.Imaging;

/// <summary>The encodings that are read. The content decides, never a file's name or a declared media type.</summary>
public enum ImageFormat
{
    /// <summary>Not encoded: the caller gave pixels.</summary>
    Pixels,

    /// <summary>Portable Network Graphics, animated ones (APNG) included.</summary>
    Png,

    /// <summary>JPEG, baseline and progressive, 8 bits a sample: gray, YCbCr, RGB or CMYK.</summary>
    Jpeg,

    /// <summary>WebP: lossy, lossless, animated.</summary>
    WebP,

    /// <summary>GIF87a and GIF89a, animated ones included.</summary>
    Gif,

    /// <summary>Windows bitmap.</summary>
    Bmp,

    /// <summary>TIFF 6.0, all pages; not BigTIFF.</summary>
    Tiff,
}
