using SafeVision.Assessments;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A policy in the words and the grammar of one protocol. Thread-safe.</summary>
internal abstract class CompiledProtocol
{
    /// <summary>What of each category the protocol can judge, in the policy's order.</summary>
    public abstract IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>Every prompt that is put to the model, with the image mark where the picture stands.</summary>
    public abstract IReadOnlyList<GuardPrompt> Prompts { get; }

    /// <summary>Puts the questions about one picture to the model.</summary>
    /// <param name="model">The model, looking at the picture.</param>
    /// <param name="reason">Receives the reason while it is being written; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    /// <returns>One answer for each category of the policy, in its order.</returns>
    /// <exception cref="Inference.ModelOutputException">The model gave numbers that are none.</exception>
    public abstract ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken);
}
