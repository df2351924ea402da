using SafeVision.Imaging;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>The images that the references were computed from, as raw colours.</summary>
internal static class ReferenceImage
{
    /// <summary>A network's input.</summary>
    /// <param name="name">As the fixtures name it, such as <c>src/photo.png</c>.</param>
    /// <param name="preprocessor">Makes it.</param>
    public static float[] Preprocess(string name, ImagePreprocessor preprocessor)
    {
        string path = Fixture.PathOf($"ref/{Path.GetFileName(name)}.white.png");
        using DecodedImage image = new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(path), new ImageDecodeOptions(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        ImageFrame frame = image.Frames[0];
        float[] input = new float[preprocessor.InputLength];
        preprocessor.Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), input);
        return input;
    }
}
