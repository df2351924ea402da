using Microsoft.Extensions.Logging;
using SafeVision.Policies;

namespace SafeVision.Hosting;

/// <summary>
/// Puts changes of a policy file in force. It looks at the file's time and size once a second: unlike change notifications,
/// that works on network shares, in containers and for files replaced by rename. A file is read only when two looks in a row
/// found it the same, so that one that is still being written is not taken for a shorter policy.
/// </summary>
internal sealed class PolicyFileGuardrail : DelegatingGuardrail
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _looking = new();
    private (DateTime Written, long Length)? _seen;
    private (DateTime Written, long Length)? _read; // null: to be read, even if it looks the same
    private string _hash;
    private Task _reload = Task.CompletedTask;
    private volatile string? _error;
    private bool _disposed;

    public PolicyFileGuardrail(IImageGuardrail inner, string path, TimeProvider clock, ILogger logger)
        : base(inner)
    {
        (_path, _logger) = (path, logger);
        _hash = inner.Status.Policy.ContentHash;
        _timer = clock.CreateTimer(static state => ((PolicyFileGuardrail)state!).Look(), this, s_interval, s_interval);
    }

    public override GuardrailStatus Status => _error is null ? Inner.Status : Inner.Status with { PolicyUpdateError = _error };

    private void Look()
    {
        if (!_looking.TryEnter())
        {
            return; // the last look is not over: a share that hangs
        }

        try
        {
            (DateTime, long) stamp = Stamp();
            if (_reload.IsCompleted && stamp == _seen && stamp != _read)
            {
                _read = stamp;
                _reload = Task.Run(ReloadAsync);
            }

            _seen = stamp;
        }
        finally
        {
            _looking.Exit();
        }
    }

    private async Task ReloadAsync()
    {
        try
        {
            SafetyPolicy policy = SafetyPolicy.FromFile(_path);
            if (policy.ContentHash != _hash || _error is not null)
            {
                await Inner.UpdatePolicyAsync(policy, _stopping.Token).ConfigureAwait(false);
                (_hash, _error) = (policy.ContentHash, null);
                Log.PolicyReplaced(_logger, _path, policy.Name, policy.Version, policy.ContentHash);
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // the host is stopping
        }
        catch (Exception exception)
        {
            if (exception.Message != _error)
            {
                Log.PolicyRefused(_logger, _path, exception.Message);
            }

            _error = exception.Message;
            if (exception is IOException or UnauthorizedAccessException)
            {
                _read = null; // locked or gone for the moment: try again
            }
        }
    }

    private (DateTime, long) Stamp()
    {
        try
        {
            var file = new FileInfo(_path);
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
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _reload.ConfigureAwait(false);
        _stopping.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
