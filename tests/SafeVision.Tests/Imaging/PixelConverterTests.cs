using CsCheck;
using SafeVision.Imaging;
using SafeVision.Imaging.Formats;

namespace SafeVision.Tests.Imaging;

public sealed class PixelConverterTests
{
    private static readonly Gen<RgbColor> s_colours = Gen.Select(Gen.Byte, Gen.Byte, Gen.Byte, (r, g, b) => new RgbColor(r, g, b));

    [Fact]
    public void Alpha_is_composited_as_Pillow_does_for_all_values()
    {
        byte[] pixels = new byte[256 * 4], rgb = new byte[256 * 3];
        for (int alpha = 0; alpha < 256; alpha++)
        {
            for (int value = 0; value < 256; value++)
            {
                (pixels[value * 4], pixels[(value * 4) + 1], pixels[(value * 4) + 2], pixels[(value * 4) + 3]) = ((byte)value, 0, 255, (byte)alpha);
            }

            for (int behind = 0; behind < 256; behind += 17)
            {
                PixelConverter.Composite(pixels, new RgbColor((byte)behind, (byte)behind, (byte)behind), rgb);

                byte[] expected =
                [
                    .. Enumerable.Range(0, 256).SelectMany(value => new[] { value, 0, 255 }.Select(channel => ImageFixtures.PillowComposite(channel, alpha, behind))),
                ];
                Assert.True(expected.AsSpan().SequenceEqual(rgb), $"alpha {alpha} on {behind}");
            }
        }
    }

    [Fact]
    public void Every_number_of_pixels_is_converted_alike_in_place_or_not() =>
        Gen.Select(Gen.Int[0, 40], s_colours, Gen.Byte.Array[160]).Sample((count, background, bytes) =>
        {
            byte[] pixels = bytes[..(count * 4)], composited = new byte[count * 3], opaque = new byte[count * 3];

            PixelConverter.Composite(pixels, background, composited);
            PixelConverter.Opaque(pixels, opaque);

            for (int i = 0; i < count; i++)
            {
                Assert.Equal(pixels[(i * 4)..((i * 4) + 3)], opaque[(i * 3)..((i * 3) + 3)]);
                Assert.Equal(ImageFixtures.PillowComposite(pixels[i * 4], pixels[(i * 4) + 3], background.R), composited[i * 3]);
            }

            byte[] inPlace = [.. pixels];
            PixelConverter.Composite(inPlace, background, inPlace);
            Assert.Equal(composited, inPlace[..(count * 3)]);
        });

    [Fact]
    public void Gray_and_blue_first_pixels_become_red_green_blue()
    {
        byte[] rgb = new byte[6];
        PixelConverter.ToRgb([7, 9], PixelFormat.Gray8, RgbColor.White, rgb);
        Assert.Equal([7, 7, 7, 9, 9, 9], rgb);

        PixelConverter.ToRgb([1, 2, 3, 255, 1, 2, 3, 0], PixelFormat.Bgra32, new RgbColor(10, 20, 30), rgb);
        Assert.Equal([3, 2, 1, 10, 20, 30], rgb);
    }

    [Fact]
    public void Rows_are_put_upright_whichever_way_they_are_stored() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 2], Gen.Enum<Orientation>(), Gen.Int[1, 40], Gen.Int).Sample((width, height, more, orientation, strip, seed) =>
        {
            Picture padded = Picture.Noise(width + more, height, PixelLayout.Rgba32, seed);
            byte[] stored = padded.Crop(0, 0, width, height).Pixels;
            int stride = (width + more) * 4;
            var writer = new UprightWriter(width, height, orientation, background: null);
            byte[] upright = new byte[width * height * 3];

            for (int y = 0; y < height; y += strip)
            {
                writer.Write(padded.Pixels.AsSpan(y * stride, Math.Min(strip, height - y) * stride), stride, y, upright);
            }

            Assert.Equal(orientation >= Orientation.Transposed ? (height, width) : (width, height), (writer.Width, writer.Height));
            for (int i = 0; i < width * height; i++)
            {
                (int x, int y) = (i % width, i / width);

                // Exif 2.32, 4.6.4: which side of the picture the first row and the first column are.
                (int column, int row) = orientation switch
                {
                    Orientation.Upright => (x, y),
                    Orientation.MirroredHorizontally => (width - 1 - x, y),
                    Orientation.UpsideDown => (width - 1 - x, height - 1 - y),
                    Orientation.MirroredVertically => (x, height - 1 - y),
                    Orientation.Transposed => (y, x),
                    Orientation.TurnRight => (height - 1 - y, x),
                    Orientation.Transversed => (height - 1 - y, width - 1 - x),
                    _ => (y, width - 1 - x),
                };
                Assert.Equal(stored[(i * 4)..((i * 4) + 3)], upright[(((row * writer.Width) + column) * 3)..][..3]);
            }
        }, iter: 200, threads: 1);
}
