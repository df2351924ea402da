namespace SafeVision.Engines;

/// <summary>A policy made ready for one engine.</summary>
/// <remarks>Thread-safe: any number of images may be assessed at once. Disposing waits for nobody; the caller does.</remarks>
public interface ICompiledPolicy : IAsyncDisposable
{
    /// <summary>What of each category the engine can judge, in the policy's order.</summary>
    IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>The models that judge, for provenance.</summary>
    IReadOnlyList<ModelProvenance> Models { get; }

    /// <summary>The short side in pixels that the models look at: larger images may be decoded at a reduced scale.</summary>
    int ShortSide { get; }

    /// <summary>What a language model is asked, for a person to read: each prompt whole, with a mark where the image stands.
    /// Empty for engines that ask nothing in words.</summary>
    IReadOnlyList<string> Prompts => [];

    /// <summary>Judges frames, one result for each, in their order; each holds one assessment for each category of the policy, in
    /// the policy's order. A category that can't be judged is there too, as not assessed.</summary>
    /// <param name="frames">The frames; they stay the caller's, and valid until the assessment ends.</param>
    /// <param name="options">What is asked: reasons, who listens to them, until when, how urgent.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    /// <exception cref="Inference.ModelOutputException">A model answered garbage; nothing is concluded from it.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken);
}

/// <summary>What a caller asks of one assessment, from the guardrail through every decorator down to the engine.</summary>
public sealed record AssessOptions
{
    /// <summary>The defaults: reasons are written, nobody listens to them, no deadline of its own, interactive.</summary>
    public static AssessOptions Default { get; } = new();

    /// <summary>Whether reasons in a language model's own words are wanted where the engine is set to write them; without them an
    /// answer costs less. Default: true.</summary>
    public bool Reasons { get; init; } = true;

    /// <summary>Receives a reason piece by piece while it is being written, on any thread; must be quick and must not throw. Pieces
    /// are a preview: the assessment alone counts. Null (the default): nobody listens.</summary>
    public Action<string>? OnReason { get; init; }

    /// <summary>When the answer must be there, by the guardrail's clock; the cancellation token fires then. A guardrail sets it to
    /// the end of its own time-out where the caller's is later or null.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Who goes first where images wait. Default: <see cref="AssessPriority.Interactive"/>.</summary>
    public AssessPriority Priority { get; init; }
}

/// <summary>Who goes first where images wait.</summary>
public enum AssessPriority
{
    /// <summary>Somebody waits for the answer.</summary>
    Interactive = 0,

    /// <summary>One of many, such as an archive: judged when nothing interactive waits.</summary>
    Background = 1,
}
