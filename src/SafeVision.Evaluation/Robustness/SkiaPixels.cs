using SkiaSharp;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Pictures to and from Skia.</summary>
internal static class SkiaPixels
{
    /// <summary>The pixels with a fourth byte, as Skia has them.</summary>
    public static SKBitmap ToBitmap(Picture picture)
    {
        var bitmap = new SKBitmap(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> target = bitmap.GetPixelSpan();
        for (int y = 0; y < picture.Height; y++)
        {
            ReadOnlySpan<byte> row = picture.Row(y);
            Span<byte> line = target.Slice(y * bitmap.RowBytes, picture.Width * 4);
            for (int x = 0; x < picture.Width; x++)
            {
                row.Slice(x * 3, 3).CopyTo(line[(x * 4)..]);
                line[(x * 4) + 3] = 255;
            }
        }

        return bitmap;
    }

    /// <summary>The pixels of a bitmap of the same colour type, without the fourth byte.</summary>
    public static Picture FromBitmap(SKBitmap bitmap)
    {
        var picture = new Picture(bitmap.Width, bitmap.Height);
        ReadOnlySpan<byte> source = bitmap.GetPixelSpan();
        for (int y = 0; y < picture.Height; y++)
        {
            ReadOnlySpan<byte> line = source.Slice(y * bitmap.RowBytes, picture.Width * 4);
            Span<byte> row = picture.Row(y);
            for (int x = 0; x < picture.Width; x++)
            {
                line.Slice(x * 4, 3).CopyTo(row[(x * 3)..]);
            }
        }

        return picture;
    }
}
