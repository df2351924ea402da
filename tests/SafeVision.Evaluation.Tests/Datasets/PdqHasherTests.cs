using System.Runtime.Intrinsics;
using CsCheck;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Robustness;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class PdqHasherTests
{
    // Made with the reference implementation in C++ (facebook/ThreatExchange, pdq/cpp/hashing, pdqHash256FromFloatLuma) from the
    // same pixels.
    [Theory]
    [InlineData("astronaut.png", "2d6b1af3a956c529e79ca3d2526fa834d4196c81cedd04de0a26b855fc99b724", 100)]
    [InlineData("camera.png", "dc9c9d3b746978f888f40ce6e5c3f70f7266623e8d989cb99f21f2010841e1c7", 100)]
    [InlineData("chelsea.png", "5feb5321f01da156898e2bf629a5d3438412cdbd23f48942464526315db33ffd", 100)]
    [InlineData("china.jpg", "bf18cef3407e8678e6833b1937d14066988e5cd2046eac5f783103f157abf50e", 100)]
    [InlineData("coffee.png", "8c629e779a663698b9a33866c026726c21a679f61eb6e1f8c79ba7e23c8299e0", 100)]
    [InlineData("flower.jpg", "673966dcb772a66499a69a666196a9476599a21b9649a659596624b3e58ea693", 100)]
    [InlineData("rocket.jpg", "8792786c879b70e4bf1bc0e43f1fc0e03f1cc2e33dacc2537ccc821b24e4f372", 100)]
    public async Task Photographs_have_the_hash_of_the_reference_implementation(string photo, string hash, int quality)
    {
        using DecodedImage image = await Decode(photo);
        PdqResult result = PdqHasher.Hash(image.Frames[0]);
        Assert.Equal((hash, quality), (result.Hash.ToString(), result.Quality));
    }

    [Theory]
    [InlineData(5, 5, "390ed4b584a5749d84f17c1d348d294a93a48b62695a7c1fd6257c9d6c5bd4b5", 3)]
    [InlineData(64, 64, "4b7c21615b43d0464e5c5add96d9f2938693979676b6a7b494a457a4b4a4b3a4", 100)]
    [InlineData(7, 300, "e1cf34c89386cad76ad56d29392430dc74c9387cc673ce61b18ec387907e687c", 100)]
    [InlineData(129, 65, "7ca56d0f695f69f5ebf5cbe5c60ad64ed61ad61a94b09cb09ca09ca09ca09ca0", 100)]
    [InlineData(200, 128, "bfffaad58004ff8095ffff8080a0ff8af576ff802aa2d7208ac2dd2a28a25520", 100)]
    public void Odd_sizes_have_it_too(int width, int height, string hash, int quality)
    {
        PdqResult result = PdqHasher.Hash(Waves(width, height), width, height);
        Assert.Equal((hash, quality), (result.Hash.ToString(), result.Quality));
    }

    [Fact]
    public void An_image_with_nothing_to_see_has_no_quality_and_a_tiny_one_no_hash()
    {
        Assert.Equal(0, PdqHasher.Hash(new byte[300 * 300 * 3], 300, 300).Quality);
        Assert.Equal(default, PdqHasher.Hash(Waves(4, 400), 4, 400));
        Assert.Throws<ArgumentException>(() => PdqHasher.Hash(new byte[10], 5, 5));
    }

    [Theory]
    [InlineData("jpeg-20")]
    [InlineData("noise-10")]
    [InlineData("blur-1")]
    [InlineData("grey")]
    public async Task A_disturbed_photograph_is_still_the_same_and_another_is_not(string transform)
    {
        using DecodedImage image = await Decode("chelsea.png"), other = await Decode("coffee.png");
        RgbImage disturbed = RobustnessTransforms.Find(transform)!.Apply(new RgbImage(image.Width, image.Height, image.Frames[0].Pixels.ToArray()), 1);
        PdqHash hash = PdqHasher.Hash(disturbed.Pixels, disturbed.Width, disturbed.Height).Hash;
        Assert.InRange(PdqHasher.Hash(image.Frames[0]).Hash.Distance(hash), 0, 31);
        Assert.InRange(PdqHasher.Hash(other.Frames[0]).Hash.Distance(hash), 80, 256);
    }

    [Fact]
    public void A_hash_is_written_with_its_highest_bits_first()
    {
        Gen.Byte.Array[32].Sample(
            bytes =>
            {
                var hash = new PdqHash(Vector256.Create<byte>(bytes).AsUInt64());
                Assert.Equal(Convert.ToHexStringLower([.. bytes.Reverse()]), hash.ToString());
                Assert.Equal(bytes.Sum(value => int.PopCount(value)), hash.Distance(default));
            },
            iter: 100,
            threads: 1);
    }

    internal static byte[] Waves(int width, int height)
    {
        // Whole numbers only, so that any language draws the same.
        var pixels = new byte[width * height * 3];
        for (int i = 0; i < width * height; i++)
        {
            (int y, int x) = Math.DivRem(i, width);
            pixels[i * 3] = (byte)(x * x / 3 % 256);
            pixels[(i * 3) + 1] = (byte)(((x * 5) + (y * y / 2)) % 256);
            pixels[(i * 3) + 2] = (byte)(x * y % 256);
        }

        return pixels;
    }

    private static async Task<DecodedImage> Decode(string photo) =>
        await new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(Repository.Photo(photo)), new ImageDecodeOptions(), CancellationToken.None);
}
