// Hosting: what stands around a check. JudgingQueue and JudgingThreads give it a turn, ActivePolicy keeps the compiled policy alive,
// CheckRecord becomes its result; TelemetryGuardrail and PolicyFileGuardrail are decorators that the builder adds where they do something.

namespace SafeVision.Hosting;

/// <summary>The policy in force, compiled once. Another is compiled beside it and swapped in whole; the old one is disposed when
/// the last image judged by it is done.</summary>
internal sealed class ActivePolicy(IGuardrailEngine engine, SafetyPolicy initial, TimeProvider clock) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _compiling = new(1, 1);
    private readonly Lock _gate = new();
    private RefCountedPolicy? _current;
    private bool _disposed;
    private string? _updateError;

    public GuardrailStatus Status
    {
        get
        {
            lock (_gate)
            {
                return new GuardrailStatus
                {
                    Policy = _current?.Policy ?? initial,
                    IsReady = _current is not null,
                    Coverage = _current?.Compiled.Coverage ?? [],
                    Models = _current?.Compiled.Models ?? [],
                    Prompts = _current?.Compiled.Prompts ?? [],
                    PolicyUpdateError = _updateError,
                };
            }
        }
    }

    /// <summary>The policy in force, kept alive until the lease is released; compiles it at the first call.</summary>
    public async ValueTask<PolicyLease> AcquireAsync(CancellationToken cancellationToken)
    {
        if (TryAcquire() is { } lease)
        {
            return lease;
        }

        await _compiling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return TryAcquire() ?? await CompileAsync(initial, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _compiling.Release();
        }
    }

    /// <summary>Compiles a policy and puts it in force.</summary>
    public async Task ReplaceAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        await _compiling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(ImageGuardrail));
            using PolicyLease lease = await CompileAsync(policy, cancellationToken).ConfigureAwait(false);
            _updateError = null;
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or ObjectDisposedException))
        {
            _updateError = exception.Message;
            throw;
        }
        finally
        {
            _compiling.Release();
        }
    }

    private PolicyLease? TryAcquire()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(ImageGuardrail));
            _current?.AddUser();
            return _current is null ? null : new PolicyLease(_current);
        }
    }

    private async Task<PolicyLease> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        var compiled = new RefCountedPolicy(policy, await engine.CompileAsync(policy, cancellationToken).ConfigureAwait(false));
        RefCountedPolicy? old = compiled;
        lock (_gate)
        {
            if (!_disposed)
            {
                (old, _current) = (_current, compiled);
            }
        }

        old?.RemoveUser();
        return TryAcquire()!;
    }

    /// <summary>Ends the policy and waits for what still compiles or judges by it, so that models may be unloaded.</summary>
    /// <exception cref="TimeoutException">Something goes on after half a minute: unloading would pull the model from under it.</exception>
    public async ValueTask DisposeAsync()
    {
        RefCountedPolicy? last;
        lock (_gate)
        {
            _disposed = true;
            (last, _current) = (_current, null);
        }

        last?.RemoveUser();
        await _compiling.WaitAsync().WaitAsync(s_patience, clock).ConfigureAwait(false);
        _compiling.Release();
        if (last is not null)
        {
            await last.Drained.WaitAsync(s_patience, clock).ConfigureAwait(false);
        }
    }
}

/// <summary>A compiled policy and the number of its users; being in force counts as one.</summary>
internal sealed class RefCountedPolicy(SafetyPolicy policy, ICompiledPolicy compiled)
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImageDecodeOptions? _decodeOptions;
    private int _users = 1;

    /// <summary>Completes when the last user has gone and the compiled policy is disposed.</summary>
    public Task Drained => _drained.Task;

    public SafetyPolicy Policy { get; } = policy;
    public ICompiledPolicy Compiled { get; } = compiled;

    /// <summary>The options, asking for no more resolution than the engine looks at.</summary>
    public ImageDecodeOptions DecodeOptions(ImageDecodeOptions options) => _decodeOptions ??= options.ForShortSide(Compiled.ShortSide);

    public void AddUser() => Interlocked.Increment(ref _users);

    public void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await Compiled.DisposeAsync().ConfigureAwait(false);
            _drained.SetResult();
        }
        catch (Exception exception)
        {
            _drained.SetException(exception);
        }
    }
}

/// <summary>Keeps a compiled policy alive while an image is judged by it.</summary>
internal sealed class PolicyLease(RefCountedPolicy policy) : IDisposable
{
    private Task? _pending;

    public SafetyPolicy Policy => policy.Policy;

    public ICompiledPolicy Compiled => policy.Compiled;

    public ImageDecodeOptions DecodeOptions(ImageDecodeOptions options) => policy.DecodeOptions(options);

    /// <summary>Releases the policy only when <paramref name="work"/>, which may outlive a time-out, has ended.</summary>
    public void ReleaseAfter(Task work) => _pending = work;

    public Provenance Provenance(StageDurations durations, int frameCount, int framesJudged, TokenUsage? tokens = null) => new()
    {
        Policy = Policy.Name,
        PolicyVersion = Policy.Version,
        PolicyHash = Policy.ContentHash,
        Models = Compiled.Models,
        FrameCount = frameCount,
        FramesJudged = framesJudged,
        Durations = durations,
        Tokens = tokens,
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
