using SafeVision.Assessments;
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

    /// <summary>
    /// The sample as it is true of the disturbed picture: boxes move with what they are around, and things that are no longer
    /// in the picture are left out. The labels stay: whether a crop still shows what they say is for a person to see.
    /// </summary>
    /// <param name="sample">The sample.</param>
    /// <param name="width">Columns of its picture before the disturbance.</param>
    /// <param name="height">Rows of its picture before the disturbance.</param>
    public EvaluationSample Follow(EvaluationSample sample, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        return sample with
        {
            Objects = [.. sample.Objects.SelectMany(thing => _transform.Follow(thing.Box, width, height).Select(box => thing with { Box = box }))],
        };
    }

    /// <summary>
    /// The dataset as it is true of the disturbed pictures, for measuring where heat maps and boxes of a disturbed run point. Images
    /// with boxes are decoded for their sizes where the transform moves things; one that can't be loses its boxes.
    /// </summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<EvaluationDataset> FollowAsync(EvaluationDataset dataset, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (!_transform.Moves)
        {
            return dataset;
        }

        var samples = new EvaluationSample[dataset.Samples.Count];
        await Parallel.ForAsync(0, samples.Length, cancellationToken, async (i, stop) =>
        {
            EvaluationSample sample = dataset.Samples[i];
            samples[i] = sample.Objects.Count == 0 ? sample : await FollowAsync(dataset, sample, stop).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return dataset.With(samples);
    }

    private async ValueTask<EvaluationSample> FollowAsync(EvaluationDataset dataset, EvaluationSample sample, CancellationToken cancellationToken)
    {
        try
        {
            using DecodedImage image = await Decoder.DecodeAsync(dataset.Open(sample), new ImageDecodeOptions { MaxSampledFrames = 1 }, cancellationToken).ConfigureAwait(false);
            return Follow(sample, image.Frames[0].Width, image.Frames[0].Height);
        }
        catch (Exception error) when (error is ImageRejectedException or DatasetException)
        {
            return sample with { Objects = [] };
        }
    }

    internal Picture Apply(Picture picture, ulong seed) => _transform.Apply(picture, new SeededRandom(seed));

    internal IReadOnlyList<ImageBox> Follow(ImageBox box, int width, int height) => _transform.Follow(box, width, height);

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
