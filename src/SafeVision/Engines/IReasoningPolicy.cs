using SafeVision.Assessments;
using SafeVision.Imaging;

namespace SafeVision.Engines;

/// <summary>A compiled policy whose engine writes its reasons word by word.</summary>
public interface IReasoningPolicy : ICompiledPolicy
{
    /// <summary>As <see cref="ICompiledPolicy.AssessAsync"/>, and tells the reason while it is being written.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="reason">Receives the reason piece by piece, on any thread; must be quick. Null: nobody listens.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, Action<string>? reason, CancellationToken cancellationToken);
}
