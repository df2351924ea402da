using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Hosting;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision;

/// <summary>
/// The way of one image: decode → assess → decide. This is the whole flow; every other file is one of its stages.
/// </summary>
public sealed class ImageGuardrail : IImageGuardrail
{
    private readonly GuardrailParts _parts;
    private readonly ActivePolicy _active;
    private readonly SemaphoreSlim _turns;
    private int _disposed;

    internal ImageGuardrail(GuardrailParts parts)
    {
        _parts = parts;
        _active = new ActivePolicy(parts.Engine, parts.Policy, parts.Clock);
        _turns = new SemaphoreSlim(parts.MaxJudging);
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
    public async Task<GuardrailResult> CheckAsync(ImageSource image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);

        // Loading and compiling are not part of the image's time, and their errors are the deployment's, not the image's.
        using PolicyLease lease = await _active.AcquireAsync(cancellationToken).ConfigureAwait(false);
        using var stop = new CancellationTokenSource(_parts.Timeout, _parts.Clock);
        using CancellationTokenRegistration caller = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), stop);
        var watch = new StageWatch(_parts.Clock);
        try
        {
            // On the pool, so that the caller is free at once and a stage that ignores its token can be left behind; its turn
            // ends only when it does, so that no more than a few are.
            CancellationToken token = stop.Token;
            await _turns.WaitAsync(token).ConfigureAwait(false);
            Task<GuardrailResult> judging = Task.Run(() => JudgeAsync(image, lease, watch, token), CancellationToken.None);
            lease.ReleaseAfter(judging);
            return await judging.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Fail(lease, watch, FailureReason.TimedOut, $"Judging the image took longer than the {_parts.Timeout.TotalSeconds:0.###} s allowed.");
        }
        catch (ImageRejectedException exception)
        {
            return Fail(lease, watch, Reason(exception.Reason), exception.Message);
        }
        catch (Exception exception)
        {
            Log.EngineFailed(_parts.Logger, exception);
            return Fail(lease, watch, FailureReason.EngineError, $"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private async Task<GuardrailResult> JudgeAsync(ImageSource image, PolicyLease lease, StageWatch watch, CancellationToken cancellationToken)
    {
        try
        {
            ImageDecodeOptions options = lease.DecodeOptions(_parts.ImageOptions);
            using DecodedImage decoded = await _parts.Decoder.DecodeAsync(image, options, cancellationToken).ConfigureAwait(false);
            watch.Decoded();

            IReadOnlyList<FrameAssessment> frames = lease.Compiled is IReasoningPolicy reasoning
                ? await reasoning.AssessAsync(decoded.Judged, ReasonStream.Listener, cancellationToken).ConfigureAwait(false)
                : await lease.Compiled.AssessAsync(decoded.Judged, cancellationToken).ConfigureAwait(false);
            watch.Assessed();

            return Decide(lease, watch, decoded, frames);
        }
        finally
        {
            _turns.Release();
        }
    }

    private static GuardrailResult Decide(PolicyLease lease, StageWatch watch, DecodedImage decoded, IReadOnlyList<FrameAssessment> frames)
    {
        if (frames.Count != decoded.Judged.Count)
        {
            throw new InvalidOperationException($"The engine judged {frames.Count} frames of {decoded.Judged.Count}.");
        }

        int[] indices = new int[frames.Count];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = i;
        }

        IReadOnlyList<Finding> findings = Located(DecisionRule.Findings(lease.Policy, frames, indices), decoded.Judged);
        Decision decision = DecisionRule.Strictest(findings);
        string explanation = Explanation.Of(lease.Policy, decision, findings, decoded.FrameCount > 1);
        return new GuardrailResult
        {
            Decision = decision,
            Explanation = explanation,
            Findings = findings,
            Provenance = lease.Provenance(watch.Decided(), decoded.FrameCount, decoded.Judged.Count) with { Tokens = Usage(frames) },
        };
    }

    /// <summary>Says of each finding which frame of the file it is about, and how that is shown.</summary>
    private static IReadOnlyList<Finding> Located(IReadOnlyList<Finding> findings, IReadOnlyList<ImageFrame> judged) =>
        judged.Count == 1 && judged[0].Index == 0
            ? findings
            : [.. findings.Select(finding => finding with { Frame = judged[finding.Frame].Index, Rendering = judged[finding.Frame].Rendering })];

    private static TokenUsage? Usage(IReadOnlyList<FrameAssessment> frames)
    {
        TokenUsage? usage = null;
        for (int i = 0; i < frames.Count; i++)
        {
            usage = TokenUsage.Sum(usage, frames[i].Usage);
        }

        return usage;
    }

    private static GuardrailResult Fail(PolicyLease lease, StageWatch watch, FailureReason reason, string message) => new()
    {
        Decision = lease.Policy.OnFailure,
        Explanation = $"The image could not be judged ({reason}): {message} The policy's onFailure is {lease.Policy.OnFailure.ToString().ToLowerInvariant()}.",
        Findings = [],
        Failure = new GuardrailFailure(reason, message),
        Provenance = lease.Provenance(watch.Stopped(), 0, 0),
    };

    private static FailureReason Reason(ImageRejectionReason reason) => reason switch
    {
        ImageRejectionReason.Unsupported => FailureReason.Unsupported,
        ImageRejectionReason.Truncated => FailureReason.Truncated,
        ImageRejectionReason.TooLarge => FailureReason.TooLarge,
        ImageRejectionReason.Unreadable => FailureReason.Unreadable,
        _ => FailureReason.Corrupt,
    };

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
            await _active.DisposeAsync().ConfigureAwait(false);
            await _parts.DisposeAsync().ConfigureAwait(false);
        }
    }
}
