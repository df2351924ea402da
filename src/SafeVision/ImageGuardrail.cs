namespace SafeVision;

/// <summary>The way of one image: wait for a turn → read and decode → assess → decide. This is the whole flow; every other file is one of its stages.</summary>
public sealed class ImageGuardrail : IImageGuardrail
{
    private static readonly TimeSpan s_letGo = TimeSpan.FromSeconds(1);

    private readonly GuardrailParts _parts;
    private readonly ActivePolicy _active;
    private readonly JudgingQueue _queue;
    private int _disposed;

    internal ImageGuardrail(GuardrailParts parts)
    {
        _parts = parts;
        _active = new ActivePolicy(parts.Engine, parts.Policy, parts.Clock);
        _queue = new JudgingQueue(parts.Limits, parts.Clock);
    }

    /// <summary>Composes a guardrail. Nothing is loaded before the first image or <see cref="WarmUpAsync"/>.</summary>
    /// <exception cref="ArgumentException">Options are missing or out of range.</exception>
    /// <exception cref="PolicyException">The policy file is invalid.</exception>
    public static IImageGuardrail Create(Action<ImageGuardrailBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new ImageGuardrailBuilder();
        configure(builder);
        return builder.Build();
    }

    /// <inheritdoc />
    public GuardrailStatus Status => _active.Status;

    /// <inheritdoc />
    public async Task<GuardrailResult> CheckAsync(ImageSource image, AssessOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);

        // Loading and compiling are not part of the image's time, and their errors are the deployment's, not the image's.
        using PolicyLease lease = await _active.AcquireAsync(cancellationToken).ConfigureAwait(false);
        TimeSpan allowed = _parts.TimeAllowed(options);
        using var stop = new CancellationTokenSource(allowed, _parts.Clock);
        using CancellationTokenRegistration caller = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), stop);
        var check = new CheckRecord(lease, _parts.Clock);
        try
        {
            if (!await _queue.TryEnterAsync(options.Priority, stop.Token).ConfigureAwait(false))
            {
                string why = _disposed != 0
                    ? "The guardrail was disposed before the image had its turn."
                    : $"{_parts.Limits.Concurrency} images are being judged and {_parts.Limits.Waiting} wait.";
                return check.Fail(FailureReason.Busy, why, _queue.RetryAfter());
            }

            // A stage that ignores its token is left behind; its turn and its policy are given back only when it ends.
            Task<GuardrailResult> judging = JudgeAsync(image, _parts.WithDeadline(options, allowed), lease, check, stop.Token);
            lease.ReleaseAfter(judging);
            try
            {
                return await judging.WaitAsync(stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (check.Reading is { IsCompleted: false } reading)
            {
                // The caller's stream is its own again with the answer, unless it ignores the token.
                await ((Task)reading).WaitAsync(s_letGo, _parts.Clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return check.Fail(FailureReason.TimedOut, $"Waiting for and judging the image took longer than the {allowed.TotalSeconds:0.###} s allowed.");
        }
        catch (ImageRejectedException exception)
        {
            Log.ImageRejected(_parts.Logger, image.Origin, exception.Reason, exception.Message);
            return check.Fail(exception);
        }
        catch (Exception exception)
        {
            Log.EngineFailed(_parts.Logger, exception);
            return check.Fail(FailureReason.EngineError, $"{exception.GetType().Name}: {exception.Message}");
        }
    }

    /// <summary>Judges on the library's own threads; every await here comes back to them.</summary>
    private async Task<GuardrailResult> JudgeAsync(ImageSource image, AssessOptions options, PolicyLease lease, CheckRecord check, CancellationToken cancellationToken)
    {
        long since = _parts.Clock.GetTimestamp(), reserved = 0;
        try
        {
            await _queue.Threads.Enter();
            check.Begin();
            ImageDecodeOptions decoding = lease.DecodeOptions(_parts.ImageOptions);
            check.Reading = image.Pixels is null ? image.ReadAsync(decoding.Limits.MaxBytes, cancellationToken).AsTask() : null;
            using ImageBytes file = check.Reading is { } reading ? await reading.ConfigureAwait(true) : default;
            ImageSource source = image.Pixels is null ? ImageSource.FromBytes(file.Memory, image.Name) : image;
            long needed = DecodedSize.Estimate(source, file.Memory, decoding);
            await _queue.ReserveAsync(needed, cancellationToken).ConfigureAwait(true);
            reserved = needed;
            using DecodedImage decoded = await _parts.Decoder.DecodeAsync(source, decoding, cancellationToken).ConfigureAwait(true);
            check.Decoded();

            IReadOnlyList<FrameAssessment> frames = EngineContract.Require(
                await lease.Compiled.AssessAsync(decoded.Judged, options, cancellationToken).ConfigureAwait(true), decoded.Judged.Count, lease.Compiled.Coverage);
            check.Assessed();

            return check.Decide(decoded, frames);
        }
        finally
        {
            _queue.Release(reserved);
            _queue.Leave(since);
        }
    }

    /// <inheritdoc />
    public async Task<GuardrailStatus> WarmUpAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using PolicyLease lease = await _active.AcquireAsync(cancellationToken).ConfigureAwait(false);
        return Status;
    }

    /// <inheritdoc />
    public Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return _active.ReplaceAsync(policy, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            using (_queue)
            {
                _queue.Close();
                await _active.DisposeAsync().ConfigureAwait(false);
                await _parts.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
