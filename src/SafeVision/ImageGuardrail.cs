using SafeVision.Assessments;
using SafeVision.Imaging;
using SafeVision.Pipeline;
using SafeVision.Policies;

namespace SafeVision;

/// <summary>
/// The way of one image: decode → assess → decide. This is the whole flow; every other file is one of its stages.
/// </summary>
public sealed class ImageGuardrail : IImageGuardrail
{
    private readonly GuardrailParts parts;
    private readonly ActivePolicy active;
    private bool disposed;

    internal ImageGuardrail(GuardrailParts parts)
    {
        this.parts = parts;
        active = new ActivePolicy(parts.Engine, parts.Policy);
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
    public GuardrailStatus Status => active.Status;

    /// <inheritdoc />
    public async Task<GuardrailResult> CheckAsync(ImageSource image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ObjectDisposedException.ThrowIf(disposed, this);

        // Loading and compiling are not part of the image's time, and their errors are the deployment's, not the image's.
        using PolicyLease lease = await active.AcquireAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = new CancellationTokenSource(parts.Timeout, parts.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var watch = new StageWatch(parts.Clock);
        try
        {
            // On the pool, so that the caller is free at once and a stage that ignores its token can be left behind.
            Task<GuardrailResult> judging = Task.Run(() => JudgeAsync(image, lease, watch, either.Token), CancellationToken.None);
            lease.ReleaseAfter(judging);
            return await judging.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Fail(lease, watch, FailureReason.TimedOut, $"Judging the image took longer than the {parts.Timeout.TotalSeconds:0.###} s allowed.");
        }
        catch (ImageRejectedException exception)
        {
            return Fail(lease, watch, Reason(exception.Reason), exception.Message);
        }
        catch (Exception exception)
        {
            Log.EngineFailed(parts.Logger, exception);
            return Fail(lease, watch, FailureReason.EngineError, $"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private async Task<GuardrailResult> JudgeAsync(ImageSource image, PolicyLease lease, StageWatch watch, CancellationToken cancellationToken)
    {
        ImageDecodeOptions options = parts.ImageOptions.ForShortSide(lease.Compiled.ShortSide);
        using DecodedImage decoded = await parts.Decoder.DecodeAsync(image, options, cancellationToken).ConfigureAwait(false);
        watch.Decoded();

        IReadOnlyList<FrameAssessment> frames = await lease.Compiled.AssessAsync(decoded.Frames, cancellationToken).ConfigureAwait(false);
        if (frames.Count != decoded.Frames.Count)
        {
            throw new InvalidOperationException($"The engine judged {frames.Count} frames of {decoded.Frames.Count}.");
        }

        watch.Assessed();

        IReadOnlyList<Finding> findings = DecisionRule.Findings(lease.Policy, frames, [.. decoded.Frames.Select(frame => frame.Index)]);
        Decision decision = DecisionRule.Strictest(findings);
        string explanation = Explanation.Of(lease.Policy, decision, findings, decoded.FrameCount > 1);
        return new GuardrailResult
        {
            Decision = decision,
            Explanation = explanation,
            Findings = findings,
            Provenance = lease.Provenance(watch.Decided(), decoded.FrameCount, decoded.Frames.Count),
        };
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
        ObjectDisposedException.ThrowIf(disposed, this);
        using PolicyLease lease = await active.AcquireAsync(cancellationToken).ConfigureAwait(false);
        return Status;
    }

    /// <inheritdoc />
    public Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ObjectDisposedException.ThrowIf(disposed, this);
        return active.ReplaceAsync(policy, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!disposed)
        {
            disposed = true;
            await active.DisposeAsync().ConfigureAwait(false);
            await parts.DisposeAsync().ConfigureAwait(false);
        }
    }
}
