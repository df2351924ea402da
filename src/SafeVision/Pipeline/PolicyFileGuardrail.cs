using Microsoft.Extensions.Logging;
using SafeVision.Policies;

namespace SafeVision.Pipeline;

/// <summary>
/// Puts changes of a policy file in force. It looks at the file's time and size once a second: unlike change notifications,
/// that works on network shares, in containers and for files replaced by rename.
/// </summary>
internal sealed class PolicyFileGuardrail : DelegatingGuardrail
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string path;
    private readonly ILogger logger;
    private readonly ITimer timer;
    private readonly CancellationTokenSource stopping = new();
    private (DateTime, long) seen;
    private Task reload = Task.CompletedTask;
    private volatile string? error;
    private bool disposed;

    public PolicyFileGuardrail(IImageGuardrail inner, string path, TimeProvider clock, ILogger logger)
        : base(inner)
    {
        (this.path, this.logger) = (path, logger);
        seen = Stamp();
        timer = clock.CreateTimer(_ => Look(), null, Interval, Interval);
    }

    public override GuardrailStatus Status => error is null ? Inner.Status : Inner.Status with { PolicyUpdateError = error };

    private void Look()
    {
        (DateTime, long) stamp = Stamp();
        if (stamp != seen && reload.IsCompleted)
        {
            seen = stamp;
            reload = ReloadAsync();
        }
    }

    private async Task ReloadAsync()
    {
        try
        {
            SafetyPolicy policy = SafetyPolicy.FromFile(path);
            if (policy.ContentHash != Inner.Status.Policy.ContentHash || error is not null)
            {
                await Inner.UpdatePolicyAsync(policy, stopping.Token).ConfigureAwait(false);
                error = null;
                Log.PolicyReplaced(logger, path, policy.Name, policy.Version, policy.ContentHash);
            }
        }
        catch (Exception exception) when (!stopping.IsCancellationRequested)
        {
            error = exception.Message;
            Log.PolicyRefused(logger, path, exception.Message);
        }
        catch (OperationCanceledException)
        {
            // the host is stopping
        }
    }

    private (DateTime, long) Stamp()
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>A service collection disposes a guardrail once for each key that it was asked by.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        await timer.DisposeAsync().ConfigureAwait(false);
        await stopping.CancelAsync().ConfigureAwait(false);
        await reload.ConfigureAwait(false);
        stopping.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
