namespace SafeVision.Imaging;

/// <summary>How images are decoded. The defaults suit untrusted uploads.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Not to be changed while in use.</remarks>
public sealed class ImageDecodeOptions
{
    /// <summary>What an image may cost.</summary>
    public ImageLimits Limits { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = new();

    /// <summary>The short side, in pixels, that the models resize to; null (the default) for full resolution. A JPEG whose short
    /// side is at least four times this is decoded at a half, a quarter or an eighth, never to less than twice this, which is much
    /// faster and changes the resized result little.</summary>
    public int? TargetShortSide { get; set => field = value is null or > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A side has at least one pixel."); }

    /// <summary>What shows through where an image is transparent. Null (the default): white, and where that matters black and gray
    /// too, which are judged as <see cref="DecodedImage.OtherRenderings"/>. A color: that alone, for hosts that know their
    /// page.</summary>
    public RgbColor? Background { get; set; }

    /// <summary>The most frames taken from an animation or pages from a TIFF, at least 1. Of an animation those are taken that are
    /// shown longest and those that look least like the others; pages are spread evenly. Default 8. At most as many again, and
    /// three of one frame, are judged as <see cref="DecodedImage.OtherRenderings"/>.</summary>
    public int MaxSampledFrames { get; set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one frame is needed."); } = 8;

    /// <summary>A copy that asks for no more resolution than models with this short side need.</summary>
    internal ImageDecodeOptions ForShortSide(int? shortSide)
    {
        var copy = (ImageDecodeOptions)MemberwiseClone();
        copy.TargetShortSide = shortSide;
        return copy;
    }
}

/// <summary>What an untrusted image may cost. All but the time are checked against its header, before a pixel is allocated.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class ImageLimits
{
    /// <summary>The most bytes a file, stream or byte array may have, 1 to 2 GiB less one. Default 32 MiB.</summary>
    public long MaxBytes { get; set => field = InRange(value, int.MaxValue); } = 32L << 20;

    /// <summary>The most pixels an image, a page or an animation's canvas may have, 1 to 500 million. Default 40 million. The
    /// sampled frames of an animation may not have more in sum either, and they and the frames that they build on not more than 16
    /// times this in a GIF, 8 in a PNG, 4 in a WebP, whose pixels take longest. Peak memory is 4 bytes a pixel for most images, up to 9 for
    /// progressive JPEG and for images turned by their EXIF orientation, up to 15 for an animation's canvas.</summary>
    public long MaxPixels { get; set => field = InRange(value, 500_000_000); } = 40_000_000;

    /// <summary>The most columns, and the most rows, 1 to 1 000 000. Default 65 535, which is the most that JPEG and GIF can say.</summary>
    public int MaxSide { get; set => field = (int)InRange(value, 1_000_000); } = 65_535;

    /// <summary>The most frames of an animation or pages of a TIFF, sampled or not, 1 to 1 000 000. Default 500.</summary>
    public int MaxFrames { get; set => field = (int)InRange(value, 1_000_000); } = 500;

    /// <summary>The longest that decoding may take, reading not counted; null for no limit. Default 10 seconds. Checked between
    /// rows of a JPEG and between frames and pages of all others, so one frame of <see cref="MaxPixels"/> pixels can go over
    /// it.</summary>
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

    private static long InRange(long value, long most, [CallerMemberName] string limit = "") => value >= 1 && value <= most
        ? value
        : throw new ArgumentOutOfRangeException(limit, value, $"ImageLimits.{limit} must be from 1 to {most}.");
}

/// <summary>An opaque sRGB color, 8 bits a channel.</summary>
/// <param name="R">Red, 0 to 255.</param>
/// <param name="G">Green, 0 to 255.</param>
/// <param name="B">Blue, 0 to 255.</param>
public readonly record struct RgbColor(byte R, byte G, byte B)
{
    /// <summary>255, 255, 255.</summary>
    public static RgbColor White => new(255, 255, 255);

    /// <summary>128, 128, 128.</summary>
    public static RgbColor Gray => new(128, 128, 128);

    /// <summary>0, 0, 0.</summary>
    public static RgbColor Black => default;
}
