namespace SafeVision.Training.Data.Stages;

/// <summary>Packed RGB pixels as Skia's image, and as a file.</summary>
internal static class RgbImage
{
    /// <summary>Copies pixels, rows from the top, three bytes each.</summary>
    public static SKImage From(ReadOnlySpan<byte> rgb, int width, int height)
    {
        byte[] rgba = new byte[width * height * 4];
        RgbPixels.ToRgba(rgb, rgba);
        return SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
    }

    /// <summary>A scene as a PNG file.</summary>
    public static byte[] Png(SymbolScene scene)
    {
        using SKImage image = From(scene.Pixels.Span, scene.Size, scene.Height);
        using SKData png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
