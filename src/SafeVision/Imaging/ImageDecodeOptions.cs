namespace SafeVision.Imaging;

/// <summary>How images are decoded. The defaults suit untrusted uploads.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Not to be changed while in use.</remarks>
public sealed class ImageDecodeOptions
{
    /// <summary>What an image may cost.</summary>
    public ImageLimits Limits { get; set => field = value ?? throw new ArgumentNullException(nameof(value)); } = new();

    /// <summary>
    /// The short side, in pixels, that the models resize to; null (the default) for full resolution. A JPEG whose short side is
    /// at least four times this is decoded at a half, a quarter or an eighth, never to less than twice this, which is much
    /// faster and changes the resized result little.
    /// </summary>
    public int? TargetShortSide { get; set => field = value is null or > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A side has at least one pixel."); }

    /// <summary>
    /// What shows through where an image is transparent. Null (the default): white, and where that matters black and gray too,
    /// which are judged as <see cref="DecodedImage.OtherRenderings"/>. A colour: that alone, for hosts that know their page.
    /// </summary>
    public RgbColor? Background { get; set; }

    /// <summary>
    /// The most frames taken from an animation or pages from a TIFF, at least 1. Of an animation those are taken that are shown
    /// longest and those that look least like the others; pages are spread evenly. Default 8. At most as many again, and three
    /// of one frame, are judged as <see cref="DecodedImage.OtherRenderings"/>.
    /// </summary>
    public int MaxSampledFrames { get; set => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one frame is needed."); } = 8;

    /// <summary>A copy that asks for no more resolution than models with this short side need.</summary>
    internal ImageDecodeOptions ForShortSide(int? shortSide) => new()
    {
        Limits = Limits,
        TargetShortSide = shortSide,
        Background = Background,
        MaxSampledFrames = MaxSampledFrames,
    };
}
