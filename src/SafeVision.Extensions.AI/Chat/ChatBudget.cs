namespace SafeVision.Extensions.AI.Chat;

/// <summary>What is left of an engine's calls and tokens, and how many calls go on at once. Thread-safe.</summary>
#pragma warning disable CA1001 // Calls that nobody waits for leave after the engine's end, and the semaphore has no handle to close.
internal sealed class ChatBudget(ChatClientEngineOptions options)
#pragma warning restore CA1001
{
    private const long MostTokens = 1L << 40; // of a call; many of them stay a number

    private readonly SemaphoreSlim _turns = new(options.Concurrency);
    private long _calls;
    private long _tokens;

    /// <summary>Waits for a turn, and takes a call from the budget.</summary>
    /// <exception cref="ModelOutputException">The budget is used up.</exception>
    public async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        if ((options.TotalTokens is { } tokens && Interlocked.Read(ref _tokens) >= tokens) || (options.TotalCalls is { } calls && Interlocked.Increment(ref _calls) > calls))
        {
            _turns.Release();
            throw new ModelOutputException("The budget of the chat client is used up (TotalCalls, TotalTokens).");
        }
    }

    /// <summary>Gives the turn back.</summary>
    public void Leave() => _turns.Release();

    /// <summary>Gives the turn back, and takes the tokens, when a call ends that nobody waits for any more: it runs on at the server until then.</summary>
    public void LeaveAfter(Task<ChatResponse> call) => call.ContinueWith(
        static (ended, budget) =>
        {
            if (ended.IsCompletedSuccessfully)
            {
#pragma warning disable RS0030 // It is complete, so nothing waits.
                ((ChatBudget)budget!).Add(ended.Result.Usage);
#pragma warning restore RS0030
            }

            _ = ended.Exception; // observed: the image has had a time-out for an answer
            ((ChatBudget)budget!).Leave();
        },
        this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <summary>Takes the tokens of a call from the budget.</summary>
    /// <exception cref="ModelOutputException">There is a budget, and the server does not count.</exception>
    public void Charge(UsageDetails? usage)
    {
        if (!Add(usage) && options.TotalTokens is not null)
        {
            throw new ModelOutputException("The server does not count tokens, so TotalTokens can't be kept.");
        }
    }

    private bool Add(UsageDetails? usage)
    {
        long? counted = usage?.TotalTokenCount ?? usage?.InputTokenCount + usage?.OutputTokenCount;
        Interlocked.Add(ref _tokens, Math.Clamp(counted ?? 0, 0, MostTokens));
        return counted >= 0;
    }
}
