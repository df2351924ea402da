using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Runs;

/// <summary>Something that is done to every image of a run before it is judged.</summary>
/// <remarks>Implementations are thread-safe and give the same image for the same sample and seed.</remarks>
public interface IImageTransform
{
    /// <summary>The name by which reports call it, such as <c>jpeg-30</c>.</summary>
    string Name { get; }

    /// <summary>The image as the guardrail shall see it.</summary>
    /// <param name="image">The image of the sample.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="seed">The run's seed; mixed with the sample's id, so that the order of samples plays no part.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    ValueTask<ImageSource> ApplyAsync(ImageSource image, EvaluationSample sample, long seed, CancellationToken cancellationToken);
}
