namespace SafeVision.Imaging;

/// <summary>What an untrusted image may cost. All but the time are checked against its header, before a pixel is allocated.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class ImageLimits
{
    /// <summary>The most bytes a file, stream or byte array may have, 1 to 2 GiB less one. Default 32 MiB.</summary>
    public long MaxBytes { get; set => field = InRange(value, 1, int.MaxValue); } = 32L << 20;

    /// <summary>
    /// The most pixels an image, a page or an animation's canvas may have, 1 to 500 million. Default 40 million. The sampled
    /// frames of an animation may not have more in sum either. Peak memory is 4 bytes a pixel for most images, up to 9 for
    /// progressive JPEG and for images turned by their EXIF orientation, up to 15 for an animation's canvas.
    /// </summary>
    public long MaxPixels { get; set => field = InRange(value, 1, 500_000_000); } = 40_000_000;

    /// <summary>The most columns, and the most rows, 1 to 1 000 000. Default 65 535, which is the most that JPEG and GIF can say.</summary>
    public int MaxSide { get; set => field = (int)InRange(value, 1, 1_000_000); } = 65_535;

    /// <summary>The most frames of an animation or pages of a TIFF, sampled or not, 1 to 1 000 000. Default 500.</summary>
    public int MaxFrames { get; set => field = (int)InRange(value, 1, 1_000_000); } = 500;

    /// <summary>
    /// The longest that decoding may take, reading not counted; null for no limit. Default 10 seconds. Checked between rows of
    /// a JPEG and between frames and pages of all others, so one frame of <see cref="MaxPixels"/> pixels can go over it.
    /// </summary>
    public TimeSpan? MaxTime { get; set => field = value is null || value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A time limit is positive."); } = TimeSpan.FromSeconds(10);

    /// <summary>Refuses sizes that are over the limits or that are not sizes.</summary>
    internal void CheckSize(ImageFormat format, long width, long height, long offset, string what = "the image")
    {
        if (width <= 0 || height <= 0)
        {
            throw ImageRejectedException.Corrupt(format, $"{what} at offset {offset} declares a size of {width}x{height}");
        }

        if (width > MaxSide || height > MaxSide)
        {
            throw ImageRejectedException.TooLarge(format, $"{what} at offset {offset} declares {width}x{height} pixels; a side may have at most {MaxSide} (ImageLimits.MaxSide)");
        }

        if (width * height > MaxPixels)
        {
            throw ImageRejectedException.TooLarge(format, $"{what} at offset {offset} declares {width}x{height}, which is {width * height} pixels; the limit is {MaxPixels} (ImageLimits.MaxPixels)");
        }
    }

    internal void CheckFrames(ImageFormat format, long frames, long offset)
    {
        if (frames > MaxFrames)
        {
            throw ImageRejectedException.TooLarge(format, $"there are {frames} or more frames by offset {offset}; the limit is {MaxFrames} (ImageLimits.MaxFrames)");
        }
    }

    private static long InRange(long value, long least, long most) => value >= least && value <= most
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"The limit is to be from {least} to {most}.");
}
