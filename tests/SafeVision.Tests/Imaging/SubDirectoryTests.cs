using System.Buffers.Binary;
using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>TIFFs whose first page is a thumbnail, and the image below it: camera files are built so.</summary>
public sealed class SubDirectoryTests
{
    private const int NewSubfileType = 254, ImageWidth = 256, Photometric = 262, SubIfds = 330;

    private static byte[] Dng => ImageFixtures.Bytes("../field/tiff-subifd-thumbnail/subifd.dng");

    [Fact]
    public void The_largest_image_comes_first_and_the_thumbnail_is_judged_too()
    {
        using DecodedImage image = ImageFixtures.Decode(Dng);

        Assert.Equal((224, 150), (image.Width, image.Height));
        Assert.Equal([(224, 150), (64, 43)], image.Frames.Select(frame => (frame.Width, frame.Height)));
        Assert.Equal(2, image.FrameCount);
    }

    [Fact]
    public void The_largest_image_is_judged_however_few_pages_are()
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.MaxSampledFrames = 1;
        byte[] file = Dng;
        Set(file, First(file), NewSubfileType, 0); // not said to be a thumbnail

        using DecodedImage image = ImageFixtures.Decode(file, options);

        Assert.Equal((224, 150), (image.Frames[0].Width, image.Frames[0].Height));
    }

    [Theory]
    [InlineData(32803)]
    [InlineData(34892)]
    public void A_preview_is_never_judged_in_the_place_of_raw_samples(uint photometric)
    {
        byte[] file = Dng;
        Set(file, Child(file), Photometric, photometric);

        ImageRejectedException refusal = Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(file));

        Assert.Equal(ImageRejectionReason.Unsupported, refusal.Reason);
        Assert.Contains("DNG", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("224x150", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_smaller_page_below_that_is_not_read_is_passed_over()
    {
        byte[] file = Dng;
        Set(file, First(file), NewSubfileType, 0);
        Set(file, Child(file), Photometric, 52527); // a mask of a camera's
        Set(file, Child(file), ImageWidth, 10);

        using DecodedImage image = ImageFixtures.Decode(file);

        Assert.Equal((64, 43), (image.Width, image.Height));
        Assert.Equal(1, image.FrameCount);
    }

    [Fact]
    public void Directories_that_name_each_other_are_read_once()
    {
        byte[] file = Dng;
        Set(file, First(file), SubIfds, (uint)First(file));

        using DecodedImage image = ImageFixtures.Decode(file);

        Assert.Equal(1, image.FrameCount);
    }

    [Fact]
    public void Pages_below_count_towards_the_limit()
    {
        ImageDecodeOptions options = ImageFixtures.Options;
        options.Limits.MaxFrames = 1;

        Assert.Equal(ImageRejectionReason.TooLarge, Assert.Throws<ImageRejectedException>(() => ImageFixtures.Decode(Dng, options)).Reason);
    }

    private static int First(byte[] file) => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4));

    private static int Child(byte[] file) => (int)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(Entry(file, First(file), SubIfds) + 8));

    private static void Set(byte[] file, int directory, int tag, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(Entry(file, directory, tag) + 8), value);

    private static int Entry(byte[] file, int directory, int tag)
    {
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(directory));
        return Enumerable.Range(0, count).Select(i => directory + 2 + (i * 12)).Single(at => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at)) == tag);
    }
}
