using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision.Hosting;

/// <summary>Keeps a compiled policy alive while an image is judged by it.</summary>
internal sealed class PolicyLease(RefCountedPolicy policy) : IDisposable
{
    private Task? _pending;

    public SafetyPolicy Policy => policy.Policy;

    public ICompiledPolicy Compiled => policy.Compiled;

    public ImageDecodeOptions DecodeOptions(ImageDecodeOptions options) => policy.DecodeOptions(options);

    /// <summary>Releases the policy only when <paramref name="work"/>, which may outlive a time-out, has ended.</summary>
    public void ReleaseAfter(Task work) => _pending = work;

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
        if (_pending is null || _pending.IsCompleted)
        {
            policy.RemoveUser();
            return;
        }

        _pending.ContinueWith(
            static (task, state) =>
            {
                _ = task.Exception; // observed: the caller has had a time-out for an answer
                ((RefCountedPolicy)state!).RemoveUser();
            },
            policy, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
