using System.Text;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>A progressive JPEG in which each scan costs a hundred bytes and touches every block of the picture.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class ManyScansTests
{
    [Fact]
    public void As_many_as_are_allowed_over_the_largest_picture_take_bounded_time()
    {
        byte[] file = Progressive(blocksAcross: 790, blocksDown: 790, refinements: 14);
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Limits.MaxTime = null;
        TimeSpan before = Environment.CpuUsage.TotalTime;

        using DecodedImage image = ImageFixtures.Decode(file, options);

        Assert.InRange(Environment.CpuUsage.TotalTime - before, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal((6320, 6320), (image.Width, image.Height));
        Assert.Equal(-1, image.Frames[0].Pixels.IndexOfAnyExcept((byte)128));
    }

    [Theory]
    [InlineData(790, 16)]
    [InlineData(2, 100)]
    public void More_are_refused_before_any_is_decoded(int blocks, int refinements) => Assert.Equal(
        ImageRejectionReason.TooLarge,
        Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(Progressive(blocks, blocks, refinements))).Reason);

    private static byte[] Progressive(int blocksAcross, int blocksDown, int refinements)
    {
        int blocks = blocksAcross * blocksDown, width = blocksAcross * 8, height = blocksDown * 8;
        List<byte> file =
        [
            0xFF, 0xD8,
            0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64),
            0xFF, 0xC2, 0, 11, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0,
            0xFF, 0xC4, 0, 20, 0x00, 1, .. new byte[15], 0, // DC: the one code 0 says that the mean stays as it is
            0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0xE0, // AC: the one code 0 begins a run of 2^14 and more empty blocks
            0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, // the means, one bit each
            .. new byte[(blocks + 7) / 8],
        ];
        for (int i = 0; i < refinements; i++)
        {
            file.AddRange([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, i == 0 ? (byte)0x01 : (byte)0x10]);

            // Each run: the code 0, then 14 bits of ones, which make 32 767 blocks; 15 bits in all, never a byte of ones alone.
            var bits = new StringBuilder();
            for (int run = 0; run * 32_767 < blocks; run++)
            {
                bits.Append("011111111111110");
            }

            for (int at = 0; at < bits.Length; at += 8)
            {
                byte value = Convert.ToByte(bits.ToString(at, Math.Min(8, bits.Length - at)).PadRight(8, '0'), 2);
                file.Add(value);
                if (value == 0xFF)
                {
                    file.Add(0);
                }
            }
        }

        return [.. file, 0xFF, 0xD9];
    }
}
