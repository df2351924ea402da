using SkiaSharp;

namespace SafeVision.Extensions.AI.Chat;

/// <summary>An image as it is sent: its decoded pixels, reduced and encoded anew, so that no byte of the stranger's file leaves.</summary>
internal static class FrameJpeg
{
    /// <param name="largestSide">The longer side in pixels that it is reduced to; smaller ones stay as they are.</param>
    /// <param name="quality">1 to 100.</param>
    public static ReadOnlyMemory<byte> Encode(ImageFrame frame, int largestSide, int quality)
    {
        using var bitmap = new SKBitmap(frame.Width, frame.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        RgbPixels.ToRgba(frame.Pixels, bitmap.GetPixelSpan());
        double scale = Math.Min(1, (double)largestSide / Math.Max(frame.Width, frame.Height));
        using SKBitmap? reduced = scale < 1
            ? bitmap.Resize(new SKSizeI(Math.Max(1, (int)(frame.Width * scale)), Math.Max(1, (int)(frame.Height * scale))), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear))
            : null;
        using SKData data = (reduced ?? bitmap).Encode(SKEncodedImageFormat.Jpeg, quality) ?? throw new InvalidOperationException("The image can't be encoded as JPEG.");
        return data.ToArray();
    }
}
