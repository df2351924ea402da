namespace SafeVision;

/// <summary>Judges images by a policy.</summary>
/// <remarks>Thread-safe: one instance serves a whole host. Whatever goes wrong with an image (it can't be read, it takes too long,
/// an engine fails) is a result whose decision is the policy's <c>onFailure</c>, never an exception and never silently "allow".
/// Exceptions are for misuse and broken deployments: a missing model, a provider that is required but not there, an instance that
/// was disposed. The caller's own cancellation throws <see cref="OperationCanceledException"/>; it is no verdict.</remarks>
public interface IImageGuardrail : IAsyncDisposable
{
    /// <summary>The policy in force and the state of the guardrail.</summary>
    GuardrailStatus Status { get; }

    /// <summary>Judges one image.</summary>
    /// <param name="image">The image; its bytes are read once, within the limits set.</param>
    /// <param name="cancellationToken">Ends the work within one step of decoding or of the model.</param>
    Task<GuardrailResult> CheckAsync(ImageSource image, CancellationToken cancellationToken = default) =>
        CheckAsync(image, AssessOptions.Default, cancellationToken);

    /// <summary>Judges one image, asking more than the defaults: reasons or none, who listens to them, until when, how urgent.</summary>
    /// <param name="image">The image; its bytes are read once, within the limits set.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="cancellationToken">Ends the work within one step of decoding or of the model.</param>
    Task<GuardrailResult> CheckAsync(ImageSource image, AssessOptions options, CancellationToken cancellationToken);

    /// <summary>Judges a stream of images, several at a time, and yields the results in the images' order. They are judged in the
    /// background: images that somebody waits for go first. Never more than twice the machine's cores are held at once, so the
    /// stream may be endless.</summary>
    IAsyncEnumerable<GuardrailResult> CheckManyAsync(IAsyncEnumerable<ImageSource> images, CancellationToken cancellationToken = default) =>
        OrderedWindow.SelectAsync(images, (image, token) => CheckAsync(image, OrderedWindow.Background, token), 2 * Environment.ProcessorCount, cancellationToken);

    /// <summary>Judges one image and yields the reason piece by piece while a vision-language model writes it, then the result.
    /// Pieces are a preview: the result alone decides. Engines that write nothing yield the result only.</summary>
    IAsyncEnumerable<GuardrailUpdate> CheckStreamingAsync(ImageSource image, CancellationToken cancellationToken = default) =>
        ReasonStream.RunAsync(this, image, cancellationToken);

    /// <summary>Loads the models and compiles the policy now rather than at the first image, and returns the status that results.</summary>
    Task<GuardrailStatus> WarmUpAsync(CancellationToken cancellationToken = default);

    /// <summary>Puts another policy in force. It is compiled beside the old one and then swapped: every image is judged by one
    /// policy or the other, never by half of one. When compiling fails, the old policy stays.</summary>
    Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default);
}

/// <summary>The policy in force and how well the guardrail can serve it.</summary>
public sealed record GuardrailStatus
{
    /// <summary>The policy in force.</summary>
    public required SafetyPolicy Policy { get; init; }

    /// <summary>Whether models are loaded and the policy is compiled. False before the first image or warm-up.</summary>
    public bool IsReady { get; init; }

    /// <summary>What of each category can be judged, in the policy's order; empty until ready.</summary>
    public IReadOnlyList<CategoryCoverage> Coverage { get; init; } = [];

    /// <summary>The models that judge, and the providers they run on; empty until ready.</summary>
    public IReadOnlyList<ModelProvenance> Models { get; init; } = [];

    /// <summary>What a language model is asked under this policy, with a mark where the image stands; empty until ready, and
    /// without such a model. It holds the policy's text, so encode it before it goes into a page.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Why the last change of the policy file was not taken over; null when it was, or there was none.</summary>
    public string? PolicyUpdateError { get; init; }
}
