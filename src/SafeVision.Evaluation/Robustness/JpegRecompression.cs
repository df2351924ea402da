using SafeVision.Evaluation.Metrics;
using SkiaSharp;

namespace SafeVision.Evaluation.Robustness;

/// <summary>Saves as JPEG and reads that again, as a picture that is passed on does at every stop.</summary>
/// <param name="quality">The encoder's quality, 1 to 100.</param>
internal sealed class JpegRecompression(int quality) : PictureTransform
{
    public override Picture Apply(Picture picture, SeededRandom random)
    {
        using SKBitmap bitmap = SkiaPixels.ToBitmap(picture);
        using SKData file = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality)
            ?? throw new InvalidOperationException($"A picture of {picture.Width}x{picture.Height} pixels can't be written as JPEG, whose sides are at most 65,535.");
        using SKBitmap read = SKBitmap.Decode(file, new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        return SkiaPixels.FromBitmap(read);
    }
}
