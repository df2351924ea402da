using SafeVision.Assessments;
using SafeVision.Imaging;

namespace SafeVision.Engines;

/// <summary>A policy made ready for one engine.</summary>
/// <remarks>Thread-safe: any number of images may be assessed at once. Disposing waits for nobody; the caller does.</remarks>
public interface ICompiledPolicy : IAsyncDisposable
{
    /// <summary>What of each category the engine can judge, in the policy's order.</summary>
    IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>The models that judge, for provenance.</summary>
    IReadOnlyList<ModelProvenance> Models { get; }

    /// <summary>The short side in pixels that the models look at: larger pictures may be decoded at a reduced scale.</summary>
    int ShortSide { get; }

    /// <summary>
    /// What a language model is asked, for a person to read: each prompt whole, with a mark where the picture stands. Empty for
    /// engines that ask nothing in words.
    /// </summary>
    IReadOnlyList<string> Prompts => [];

    /// <summary>
    /// Judges frames, one result for each, in their order; each holds one assessment for each category of the policy, in
    /// the policy's order. A category that can't be judged is there too, as not assessed.
    /// </summary>
    /// <param name="frames">The frames; they stay the caller's, and valid until the assessment ends.</param>
    /// <param name="options">What is asked: reasons, who listens to them, until when, how urgent.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    /// <exception cref="Inference.ModelOutputException">A model answered garbage; nothing is concluded from it.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken);
}
