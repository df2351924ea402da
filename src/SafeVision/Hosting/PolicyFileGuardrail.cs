namespace SafeVision.Hosting;

/// <summary>Puts changes of a policy file in force. It looks at what the file holds once a second: unlike change notifications, and
/// unlike its time and size, that works on network shares, for files replaced by rename, and where a link on the way is changed, as
/// in a mounted Kubernetes ConfigMap. A change counts only when two looks in a row found the same, so that a file that is still
/// being written is not taken for a shorter policy. A policy that an engine failed to take is tried again, each time after twice the pause.</summary>
internal sealed class PolicyFileGuardrail : DelegatingGuardrail
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _looking = new();
    private string? _seen; // null: there was nothing to read
    private string? _read;
    private bool _readAgain = true; // even if it holds the same, after the pause
    private TimeSpan _pause;
    private long _tried;
    private string _hash;
    private Task _reload = Task.CompletedTask;
    private volatile string? _error;
    private bool _disposed;

    public PolicyFileGuardrail(IImageGuardrail inner, string path, TimeProvider clock, ILogger logger)
        : base(inner)
    {
        (_path, _clock, _logger) = (path, clock, logger);
        _hash = inner.Status.Policy.ContentHash;
        _timer = clock.CreateTimer(static state => ((PolicyFileGuardrail)state!).Look(), this, s_interval, s_interval);
    }

    public override GuardrailStatus Status => _error is null ? Inner.Status : Inner.Status with { PolicyUpdateError = _error };

    /// <summary>A policy set in code stands until the file changes, also where the file's last change is still being tried.</summary>
    public override async Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default)
    {
        await base.UpdatePolicyAsync(policy, cancellationToken).ConfigureAwait(false);
        (_readAgain, _error) = (false, null);
    }

    private void Look()
    {
        if (!_looking.TryEnter())
        {
            return; // the last look is not over: a share that hangs
        }

        try
        {
            string? found = PolicyFile.Fingerprint(_path);
            if (_reload.IsCompleted && found == _seen && (found != _read || (_readAgain && _clock.GetElapsedTime(_tried) >= _pause)))
            {
                _pause = found == _read ? _pause : TimeSpan.Zero;
                (_read, _readAgain) = (found, false);
                _reload = Task.Run(ReloadAsync);
            }

            _seen = found;
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
            string error = PublicMessage.Of(exception.Message);
            if (error != _error)
            {
                Log.PolicyRefused(_logger, _path, exception.Message);
            }

            _error = error;
            _readAgain = exception is not PolicyException { InnerException: null }; // the file is locked or gone for the moment, or an engine failed
            if (exception is not PolicyException)
            {
                (_pause, _tried) = (_pause * 2 is { Ticks: > 0 } longer ? longer < s_longestPause ? longer : s_longestPause : s_interval, _clock.GetTimestamp());
            }
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
        await _reload.WaitAsync(s_patience, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a share may hang for ever
        _stopping.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
