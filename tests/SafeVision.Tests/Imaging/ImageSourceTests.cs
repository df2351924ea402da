using SafeVision.Imaging;

namespace SafeVision.Tests.Imaging;

/// <summary>Where images come from, and what happens when they do not.</summary>
public sealed class ImageSourceTests : IDisposable
{
    private static readonly byte[] s_bytes = ImageFixtures.Bytes("src/png_rgb8_photo.png");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("safevision-tests-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task All_ways_of_passing_a_file_read_the_same_bytes()
    {
        string path = Path.Combine(_folder.FullName, "picture.txt");
        await File.WriteAllBytesAsync(path, s_bytes);
        var offset = new MemoryStream([1, 2, 3, .. s_bytes]) { Position = 3 };

        Assert.Equal(s_bytes, await Read(ImageSource.FromBytes(s_bytes)));
        Assert.Equal(s_bytes, await Read(ImageSource.FromFile(path)));
        Assert.Equal(s_bytes, await Read(ImageSource.FromStream(offset)));
        Assert.Equal(s_bytes, await Read(ImageSource.FromStream(new Drip(s_bytes))));
    }

    [Fact]
    public void Names_are_the_files_or_the_given_ones_or_say_what_it_is()
    {
        Assert.Equal("a.png", ImageSource.FromFile(Path.Combine("folder", "a.png")).Name);
        Assert.Equal("upload 7", ImageSource.FromBytes(s_bytes, "upload 7").ToString());
        Assert.Equal("bytes", ImageSource.FromBytes(s_bytes).Name);
        Assert.Equal("stream", ImageSource.FromStream(Stream.Null).Name);
        Assert.Equal("pixels", ImageSource.FromPixels(new byte[1], 1, 1, PixelFormat.Gray8).Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_is_closed_after_reading_unless_it_is_to_stay_open(bool leaveOpen)
    {
        var stream = new MemoryStream(s_bytes);

        await Read(ImageSource.FromStream(stream, leaveOpen));

        Assert.Equal(leaveOpen, stream.CanRead);
    }

    [Fact]
    public async Task A_stream_that_can_seek_and_stays_open_can_be_read_again()
    {
        ImageSource source = ImageSource.FromStream(new MemoryStream(s_bytes), leaveOpen: true);

        Assert.Equal(await Read(source), await Read(source));
    }

    [Fact]
    public async Task A_stream_that_cannot_be_read_again_says_so()
    {
        ImageSource source = ImageSource.FromStream(new Drip(s_bytes));
        await Read(source);

        Assert.Contains("FromBytes", (await Assert.ThrowsAsync<InvalidOperationException>(() => Read(source))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_an_end_is_read_one_byte_past_the_limit_and_no_further()
    {
        var stream = new Endless();

        ImageRejectedException refusal = await Refusal(ImageSource.FromStream(stream), maxBytes: 100_000);

        Assert.Equal(ImageRejectionReason.TooLarge, refusal.Reason);
        Assert.Contains("100000", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(100_001, stream.Given);
    }

    [Fact]
    public async Task What_is_longer_than_the_limit_is_refused_and_exactly_the_limit_is_not()
    {
        string path = Path.Combine(_folder.FullName, "picture.png");
        await File.WriteAllBytesAsync(path, s_bytes);
        foreach (Func<ImageSource> create in new Func<ImageSource>[]
        {
            () => ImageSource.FromBytes(s_bytes), () => ImageSource.FromFile(path), () => ImageSource.FromStream(new MemoryStream(s_bytes)), () => ImageSource.FromStream(new Drip(s_bytes)),
        })
        {
            Assert.Equal(s_bytes, await Read(create(), s_bytes.Length));
            Assert.Equal(ImageRejectionReason.TooLarge, (await Refusal(create(), s_bytes.Length - 1)).Reason);
        }
    }

    [Fact]
    public async Task A_file_that_is_missing_or_a_folder_is_refused()
    {
        Assert.Contains("is not there", await Unreadable(ImageSource.FromFile(Path.Combine(_folder.FullName, "none.png"))), StringComparison.Ordinal);
        Assert.Contains("is a folder", (await Refusal(ImageSource.FromFile(_folder.FullName))).Message, StringComparison.Ordinal);
        Assert.NotEmpty(await Unreadable(ImageSource.FromFile("a\0b")));
    }

    [Fact]
    public async Task An_empty_file_or_a_device_is_not_opened()
    {
        string path = Path.Combine(_folder.FullName, "empty.png");
        await File.WriteAllBytesAsync(path, []);

        Assert.Equal(ImageRejectionReason.Unsupported, (await Refusal(ImageSource.FromFile(path))).Reason);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(ImageRejectionReason.Unsupported, (await Refusal(ImageSource.FromFile("/dev/zero"))).Reason);
        }
    }

    [Fact]
    public async Task A_stream_that_fails_or_was_closed_is_no_verdict_on_the_image()
    {
        ImageRejectedException refusal = await Refusal(ImageSource.FromStream(new Failing(s_bytes, 100)));
        Assert.Equal(ImageRejectionReason.Unreadable, refusal.Reason);
        Assert.Contains("byte 100", refusal.Message, StringComparison.Ordinal);
        Assert.IsType<IOException>(refusal.InnerException);

        var closed = new MemoryStream(s_bytes);
        ImageSource source = ImageSource.FromStream(closed);
        await closed.DisposeAsync();
        Assert.Contains("closed", await Unreadable(source), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("stream", () => ImageSource.FromStream(closed));
    }

    [Fact]
    public async Task Cancelled_reading_throws_that_it_was_cancelled()
    {
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ImageSource.FromBytes(s_bytes).ReadAsync(1 << 20, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ImageSource.FromStream(new Endless()).ReadAsync(1 << 20, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ImageSource.FromFile("none.png").ReadAsync(1 << 20, cancelled));
    }

    [Theory]
    [InlineData(0, 1, 3, null)]
    [InlineData(1, 0, 3, null)]
    [InlineData(-1, 1, 3, null)]
    [InlineData(2, 2, 11, null)]
    [InlineData(2, 2, 12, 5)]
    [InlineData(2, 2, 12, 7)]
    [InlineData(2, 2, 12, -6)]
    [InlineData(int.MaxValue, int.MaxValue, 12, null)]
    [InlineData(int.MaxValue / 3, 1000, 12, int.MaxValue)]
    public void Pixels_that_do_not_fit_their_size_are_refused(int width, int height, int bytes, int? stride) =>
        Assert.ThrowsAny<ArgumentException>(() => ImageSource.FromPixels(new byte[bytes], width, height, PixelFormat.Rgb24, stride));

    [Fact]
    public void A_pixel_format_that_does_not_exist_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>("format", () => ImageSource.FromPixels(new byte[99], 1, 1, (PixelFormat)9));

    [Fact]
    public void Padding_between_rows_is_passed_over_and_need_not_follow_the_last()
    {
        byte[] padded = [1, 2, 3, 4, 5, 6, 99, 99, 7, 8, 9, 10, 11, 12];

        using DecodedImage image = DecodedImage.FromPixels(new ImagePixels(padded, 2, 2, PixelFormat.Rgb24, stride: 8), new ImageDecodeOptions());

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], image.Frames[0].Pixels.ToArray());
    }

    [Fact]
    public async Task Pixels_have_no_bytes_to_read() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Read(ImageSource.FromPixels(new byte[1], 1, 1, PixelFormat.Gray8)));

    private static async Task<byte[]> Read(ImageSource source, long maxBytes = 1 << 20)
    {
        using ImageBytes bytes = await source.ReadAsync(maxBytes);
        return bytes.Memory.ToArray();
    }

    private static Task<ImageRejectedException> Refusal(ImageSource source, long maxBytes = 1 << 20) =>
        Assert.ThrowsAsync<ImageRejectedException>(() => Read(source, maxBytes));

    private static async Task<string> Unreadable(ImageSource source)
    {
        ImageRejectedException refusal = await Refusal(source);
        Assert.Equal(ImageRejectionReason.Unreadable, refusal.Reason);
        return refusal.Message;
    }
}
