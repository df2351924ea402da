namespace SafeVision.VisionLanguage.Generation;

/// <summary>Work on one sequence that takes one run of the decoder or several.</summary>
internal abstract class DecoderJob(DecoderSlot slot)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The sequence.</summary>
    public DecoderSlot Slot { get; } = slot;

    /// <summary>Tokens that are taken for said before the job begins.</summary>
    public ReadOnlyMemory<int> Said { get; init; }

    /// <summary>Completes when the job is done, failed or cancelled.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Ends the job within one run.</summary>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>How many of the last pending tokens the job wants logits of, at least 1.</summary>
    public virtual int Keep => 1;

    /// <summary>Takes the logits, [keep, vocabulary], which it may overwrite, and says whether the job is done; else it has appended tokens.</summary>
    public abstract bool Advance(Span<float> logits);

    public void Succeed() => _completion.TrySetResult();

    public void Fail(Exception exception) => _completion.TrySetException(exception);

    public void Cancel() => _completion.TrySetCanceled(CancellationToken);
}
