using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Runs;
using SafeVision.Imaging;

namespace SafeVision.Evaluation.Robustness;

/// <summary>A disturbance of pictures of a stated kind and strength: the same for the same picture, sample and seed. Thread-safe.</summary>
public sealed class RobustnessTransform : IImageTransform
{
    private static readonly SkiaImageDecoder Decoder = new();

    private readonly PictureTransform _transform;

    internal RobustnessTransform(string name, string description, PictureTransform transform) =>
        (Name, Description, _transform) = (name, description, transform);

    /// <summary>The name by which commands and reports call it, such as <c>jpeg-20</c>: the kind and the strength.</summary>
    public string Name { get; }

    /// <summary>What it does, in one sentence.</summary>
    public string Description { get; }

    /// <summary>
    /// The disturbed image. An animation becomes its first frame. An image that can't be decoded within the default limits is
    /// given on as it is, so that the guardrail says what is wrong with it.
    /// </summary>
    /// <inheritdoc/>
    public async ValueTask<ImageSource> ApplyAsync(ImageSource image, EvaluationSample sample, long seed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(sample);
        try
        {
            using DecodedImage decoded = await Decoder.DecodeAsync(image, new ImageDecodeOptions { MaxSampledFrames = 1 }, cancellationToken).ConfigureAwait(false);
            ImageFrame frame = decoded.Frames[0];
            Picture disturbed = _transform.Apply(new Picture(frame.Width, frame.Height, frame.Pixels.ToArray()), new SeededRandom(DatasetSplits.Bits($"{seed}", $"{Name}\n{sample.Id}")));
            return ImageSource.FromPixels(disturbed.Pixels, disturbed.Width, disturbed.Height, PixelFormat.Rgb24);
        }
        catch (ImageRejectedException)
        {
            return image;
        }
    }

    internal Picture Apply(Picture picture, ulong seed) => _transform.Apply(picture, new SeededRandom(seed));

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
