using SafeVision.Engines;
using SafeVision.Policies;

namespace SafeVision.Pipeline;

/// <summary>
/// The policy in force, compiled once. Another is compiled beside it and swapped in whole; the old one is disposed when the
/// last image judged by it is done.
/// </summary>
internal sealed class ActivePolicy(IGuardrailEngine engine, SafetyPolicy initial) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim compiling = new(1, 1);
    private readonly Lock gate = new();
    private Generation? current;
    private bool disposed;
    private string? updateError;

    public GuardrailStatus Status
    {
        get
        {
            lock (gate)
            {
                return new GuardrailStatus
                {
                    Policy = current?.Policy ?? initial,
                    IsReady = current is not null,
                    Coverage = current?.Compiled.Coverage ?? [],
                    Models = current?.Compiled.Models ?? [],
                    PolicyUpdateError = updateError,
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

        await compiling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TryAcquire() is { } compiledMeanwhile)
            {
                return compiledMeanwhile;
            }

            Install(new Generation(initial, await engine.CompileAsync(initial, cancellationToken).ConfigureAwait(false)));
            return TryAcquire() ?? throw new ObjectDisposedException(nameof(ImageGuardrail));
        }
        finally
        {
            compiling.Release();
        }
    }

    /// <summary>Compiles a policy and puts it in force.</summary>
    public async Task ReplaceAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        await compiling.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Install(new Generation(policy, await engine.CompileAsync(policy, cancellationToken).ConfigureAwait(false)));
            updateError = null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            updateError = exception.Message;
            throw;
        }
        finally
        {
            compiling.Release();
        }
    }

    /// <summary>Records why a change of the policy never came as far as compiling.</summary>
    public void RejectUpdate(string error) => updateError = error;

    private PolicyLease? TryAcquire()
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, typeof(ImageGuardrail));
            current?.AddUser();
            return current is null ? null : new PolicyLease(current);
        }
    }

    private void Install(Generation generation)
    {
        Generation? old;
        lock (gate)
        {
            (old, current) = (disposed ? generation : current, disposed ? null : generation);
        }

        old?.RemoveUser();
    }

    /// <summary>Ends the policy and waits for the images that are still judged by it, so that models may be unloaded.</summary>
    /// <exception cref="TimeoutException">One is still being judged after half a minute: unloading would pull the model from under it.</exception>
    public async ValueTask DisposeAsync()
    {
        Generation? last;
        lock (gate)
        {
            disposed = true;
            (last, current) = (current, null);
        }

        if (last is not null)
        {
            last.RemoveUser();
            await last.Drained.WaitAsync(Patience).ConfigureAwait(false);
        }
    }

    /// <summary>A compiled policy and the number of its users; being in force counts as one.</summary>
    internal sealed class Generation(SafetyPolicy policy, ICompiledPolicy compiled)
    {
        private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int users = 1;

        public Task Drained => drained.Task;

        public SafetyPolicy Policy { get; } = policy;

        public ICompiledPolicy Compiled { get; } = compiled;

        public void AddUser() => Interlocked.Increment(ref users);

        public void RemoveUser()
        {
            if (Interlocked.Decrement(ref users) == 0)
            {
                _ = DrainAsync();
            }
        }

        private async Task DrainAsync()
        {
            try
            {
                await Compiled.DisposeAsync().ConfigureAwait(false);
                drained.SetResult();
            }
            catch (Exception exception)
            {
                drained.SetException(exception);
            }
        }
    }
}
