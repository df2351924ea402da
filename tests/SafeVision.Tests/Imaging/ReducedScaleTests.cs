using SafeVision.Imaging;
using SkiaSharp;

namespace SafeVision.Tests.Imaging;

/// <summary>A photo that is much larger than its models' inputs is decoded at a reduced scale, and nobody sees the difference.</summary>
public sealed class ReducedScaleTests
{
    private static readonly byte[] s_photo = Photo(1601, 1203);

    [Theory]
    [InlineData(null, 1601, 1203)]
    [InlineData(400, 1601, 1203)]
    [InlineData(300, 801, 602)]
    [InlineData(150, 400, 301)]
    [InlineData(75, 200, 150)]
    [InlineData(1, 200, 150)]
    public void Is_a_half_a_quarter_or_an_eighth_and_at_least_twice_the_target(int? shortSide, int width, int height)
    {
        using DecodedImage image = Decode(s_photo, shortSide);

        Assert.Equal((width, height), (image.Frames[0].Width, image.Frames[0].Height));
        Assert.Equal((1601, 1203), (image.Width, image.Height));
    }

    [Theory]
    [InlineData(224)]
    [InlineData(100)]
    [InlineData(32)]
    public void Changes_the_networks_input_little(int size)
    {
        var preprocessor = new ImagePreprocessor(Recipes.Exact(size, PreprocessingFilter.Bicubic));

        float[] whole = Input(preprocessor, null), reduced = Input(preprocessor, size);

        double[] differences = [.. whole.Zip(reduced, (first, second) => Math.Abs(first - second) * 127.5)];
        // The last column or row may stand for half as many pixels as the others, which moves the far edge by at most a quarter
        // of an input's pixel: a quarter of the difference between black and white.
        Assert.InRange(differences.Average(), 0, 1.5);
        Assert.InRange(differences.Max(), 0, 64);

        float[] Input(ImagePreprocessor preprocessor, int? shortSide)
        {
            using DecodedImage image = Decode(s_photo, shortSide);
            ImageFrame frame = image.Frames[0];
            float[] input = new float[preprocessor.InputLength];
            preprocessor.Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), input);
            return input;
        }
    }

    [Theory]
    [InlineData(6, 150, 200)]
    [InlineData(3, 200, 150)]
    public void Turns_upright_what_is_stored_on_its_side(int orientation, int width, int height)
    {
        // An Exif segment with nothing but the orientation, after the start of the image.
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        byte[] turned = [.. s_photo[..2], .. exif, .. s_photo[2..]];
        using DecodedImage upright = Decode(s_photo, 75);

        using DecodedImage image = Decode(turned, 75);

        Assert.Equal((width, height), (image.Frames[0].Width, image.Frames[0].Height));
        int corner = orientation == 6 ? width - 1 : (width * height) - 1;
        Assert.Equal(upright.Frames[0].Pixels[..3].ToArray(), image.Frames[0].Pixels.Slice(corner * 3, 3).ToArray());
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.99)]
    public void Still_notices_that_data_are_missing(double share) =>
        Assert.Equal(
            ImageRejectionReason.Truncated,
            Assert.Throws<ImageRejectedException>(() => Decode(s_photo[..(int)(share * s_photo.Length)], 75)).Reason);

    private static DecodedImage Decode(byte[] file, int? shortSide) => ImageFixtures.Decode(file, ImageFixtures.Options.ForShortSide(shortSide));

    // Blobs of all sizes with soft and hard edges, as photos have.
    private static byte[] Photo(int width, int height)
    {
        using var bitmap = new SKBitmap(width, height);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(new SKColor(90, 120, 160));
            var random = new Random(7);
            for (int i = 0; i < 400; i++)
            {
                using var paint = new SKPaint { IsAntialias = true, Color = new SKColor((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256), 200) };
                canvas.DrawCircle(random.Next(width), random.Next(height), 3 + random.Next(120), paint);
            }
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 92);
        return data.ToArray();
    }
}
