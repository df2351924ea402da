namespace SafeVision.Hosting;

/// <summary>A guardrail that passes everything on to another. Derive from it to add to <see cref="CheckAsync"/>: every other way of checking goes through it.</summary>
public abstract class DelegatingGuardrail : IImageGuardrail
{
    /// <summary>Wraps a guardrail; disposing this one disposes it too.</summary>
    protected DelegatingGuardrail(IImageGuardrail inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        Inner = inner;
    }

    /// <inheritdoc />
    public virtual GuardrailStatus Status => Inner.Status;

    /// <summary>The wrapped guardrail.</summary>
    protected IImageGuardrail Inner { get; }

    /// <inheritdoc />
    public virtual Task<GuardrailResult> CheckAsync(ImageSource image, AssessOptions options, CancellationToken cancellationToken) =>
        Inner.CheckAsync(image, options, cancellationToken);

    /// <inheritdoc />
    public virtual Task<GuardrailStatus> WarmUpAsync(CancellationToken cancellationToken = default) =>
        Inner.WarmUpAsync(cancellationToken);

    /// <inheritdoc />
    public virtual Task UpdatePolicyAsync(SafetyPolicy policy, CancellationToken cancellationToken = default) =>
        Inner.UpdatePolicyAsync(policy, cancellationToken);

    /// <inheritdoc />
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Inner.DisposeAsync();
    }
}
