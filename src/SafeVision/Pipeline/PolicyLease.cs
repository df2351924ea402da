using SafeVision.Engines;
using SafeVision.Policies;

namespace SafeVision.Pipeline;

/// <summary>Keeps a compiled policy alive while an image is judged by it.</summary>
internal sealed class PolicyLease(ActivePolicy.Generation generation) : IDisposable
{
    private Task? pending;

    public SafetyPolicy Policy => generation.Policy;

    public ICompiledPolicy Compiled => generation.Compiled;

    /// <summary>Releases the policy only when <paramref name="work"/>, which may outlive a time-out, has ended.</summary>
    public void ReleaseAfter(Task work) => pending = work;

    public Provenance Provenance(StageDurations durations, int frameCount, int framesJudged) => new()
    {
        Policy = Policy.Name,
        PolicyVersion = Policy.Version,
        PolicyHash = Policy.ContentHash,
        Models = Compiled.Models,
        FrameCount = frameCount,
        FramesJudged = framesJudged,
        Durations = durations,
    };

    public void Dispose()
    {
        if (pending is null || pending.IsCompleted)
        {
            generation.RemoveUser();
        }
        else
        {
            pending.ContinueWith(
                static (task, state) =>
                {
                    _ = task.Exception; // observed: the caller has had a time-out for an answer
                    ((ActivePolicy.Generation)state!).RemoveUser();
                },
                generation, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }
}
