namespace SafeVision.Extensions.AI.Chat;

/// <summary>What is left of an engine's calls and tokens, and how many calls go on at once. Thread-safe.</summary>
internal sealed class ChatBudget(ChatClientEngineOptions options) : IDisposable
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

    public void Dispose() => _turns.Dispose();

    /// <summary>Takes the tokens of a call from the budget.</summary>
    /// <exception cref="ModelOutputException">There is a budget, and the server does not count.</exception>
    public void Charge(UsageDetails? usage)
    {
        if (options.TotalTokens is not null)
        {
            long? counted = usage?.TotalTokenCount ?? usage?.InputTokenCount + usage?.OutputTokenCount;
            Interlocked.Add(ref _tokens, counted is >= 0 ? Math.Min(counted.Value, MostTokens)
                : throw new ModelOutputException("The server does not count tokens, so TotalTokens can't be kept."));
        }
    }
}
