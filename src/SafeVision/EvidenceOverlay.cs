namespace SafeVision;

/// <summary>Draws evidence over the image that it is about.</summary>
public static class EvidenceOverlay
{
    private const int LongestSide = 1024; // the longest side of the image written; larger frames are scaled down

    /// <summary>Writes a PNG: the frame, the heat in translucent colours from blue to red, and the boxes' outlines.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="frame">The frame that was judged.</param>
    /// <param name="map">The heat.</param>
    /// <param name="boxes">Rectangles to outline.</param>
    public static void WritePng(Stream stream, ImageFrame frame, HeatMap map, IReadOnlyList<ImageBox> boxes)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(map);
        ArgumentNullException.ThrowIfNull(boxes);
        float scale = Math.Min(1, (float)LongestSide / Math.Max(frame.Width, frame.Height));
        int width = Math.Max(1, (int)Math.Round(frame.Width * scale));
        int height = Math.Max(1, (int)Math.Round(frame.Height * scale));

        using var picture = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using (var canvas = new SKCanvas(picture))
        using (SKBitmap pixels = ToBitmap(frame))
        using (SKBitmap heat = ToBitmap(map))
        using (var pixelImage = SKImage.FromBitmap(pixels))
        using (var heatImage = SKImage.FromBitmap(heat))
        {
            canvas.DrawImage(pixelImage, new SKRect(0, 0, width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
            canvas.DrawImage(heatImage, Scale(map.Region, width, height), new SKSamplingOptions(SKCubicResampler.Mitchell));
            using var outline = new SKPaint { Style = SKPaintStyle.Stroke, Color = SKColors.White, StrokeWidth = Math.Max(2, width / 200f), IsAntialias = true };
            foreach (ImageBox box in boxes)
            {
                canvas.DrawRect(Scale(box, width, height), outline);
            }
        }

        using SKData data = picture.Encode(SKEncodedImageFormat.Png, 100);
        data.SaveTo(stream);
    }

    private static SKRect Scale(ImageBox box, int width, int height) => SKRect.Create(
        (float)(box.X * width), (float)(box.Y * height), (float)(box.Width * width), (float)(box.Height * height));

    private static SKBitmap ToBitmap(ImageFrame frame)
    {
        var bitmap = new SKBitmap(frame.Width, frame.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        RgbPixels.ToRgba(frame.Pixels, bitmap.GetPixelSpan());
        return bitmap;
    }

    /// <summary>One pixel a cell; heat is both colour (blue over green to red) and opacity, so that cold parts stay clear.</summary>
    private static SKBitmap ToBitmap(HeatMap map)
    {
        var bitmap = new SKBitmap(map.Width, map.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (int i = 0; i < map.Values.Count; i++)
        {
            float heat = Math.Clamp(map.Values[i], 0, 1);
            SKColor colour = SKColor.FromHsv(240 * (1 - heat), 100, 100).WithAlpha((byte)(160 * heat));
            bitmap.SetPixel(i % map.Width, i / map.Width, colour);
        }

        return bitmap;
    }
}
