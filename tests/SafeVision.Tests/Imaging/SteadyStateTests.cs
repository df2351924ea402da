using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>After warm-up an image costs no large memory: buffers are pooled and weights are kept.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class SteadyStateTests
{
    private const int Images = 200;
    private const int MostBytesAnImage = 4096;

    [Theory]
    [InlineData("src/jpeg_224_photo.jpg")]
    [InlineData("src/jpeg_exif_6.jpg")]
    [InlineData("src/png_rgb8_photo.png")]
    [InlineData("src/png_rgba8_soft.png")]
    [InlineData("src/jpeg_cmyk.jpg")]
    [InlineData("src/jpeg_progressive_420.jpg")]
    [InlineData("src/webp_lossy_photo.webp")]
    [InlineData("src/bmp_rgb24_odd.bmp")]
    [InlineData("src/gif_static_interlaced.gif")]
    public async Task Decoding_and_preprocessing_allocate_little(string name)
    {
        ImageSource source = ImageSource.FromBytes(ImageFixtures.Bytes(name));
        ImageDecodeOptions options = ImageFixtures.Options;
        var decoder = new SkiaImageDecoder();
        var preprocessor = new ImagePreprocessor(Recipes.ShortestSideAndCrop(256, 224));
        float[] input = new float[preprocessor.InputLength];
        for (int i = 0; i < 20; i++)
        {
            await Check();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Images; i++)
        {
            ValueTask check = Check();
            Assert.True(check.IsCompletedSuccessfully, "The image came from memory, and yet the decoder waited.");
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Images, 0, MostBytesAnImage);

        async ValueTask Check()
        {
            using DecodedImage image = await decoder.DecodeAsync(source, options, CancellationToken.None);
            ImageFrame frame = image.Frames[0];
            preprocessor.Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), input);
        }
    }
}
