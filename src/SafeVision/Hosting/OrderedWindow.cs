namespace SafeVision.Hosting;

/// <summary>Runs an asynchronous function over a stream: several items at a time, results in the items' order.</summary>
internal static class OrderedWindow
{
    /// <summary>What is asked of each image of a stream.</summary>
    public static readonly AssessOptions Background = new() { Priority = AssessPriority.Background };

    public static async IAsyncEnumerable<TResult> SelectAsync<TItem, TResult>(
        IAsyncEnumerable<TItem> items,
        Func<TItem, CancellationToken, Task<TResult>> select,
        int window,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken token = linked.Token;
        IAsyncEnumerator<TItem> source = items.GetAsyncEnumerator(token);
        var running = new Queue<Task<TResult>>(window);
        Task<bool>? moving = null;
        bool more = true;
        try
        {
            while (more || running.Count > 0)
            {
                if (more && running.Count < window)
                {
                    moving ??= source.MoveNextAsync().AsTask();

                    // A result that is ready does not wait for an item that is not: the source may wait for that result.
                    if (running.Count == 0 || await Task.WhenAny(moving, running.Peek()).ConfigureAwait(false) == moving)
                    {
                        more = await moving.ConfigureAwait(false);
                        moving = null;
                        if (more)
                        {
                            TItem item = source.Current;
                            running.Enqueue(Task.Run(() => select(item, token), token));
                        }

                        continue;
                    }
                }

                yield return await running.Dequeue().ConfigureAwait(false);
            }
        }
        finally
        {
            // A consumer that stops early, or an item that failed, leaves nothing running behind.
            if (running.Count > 0 || moving is not null)
            {
                await linked.CancelAsync().ConfigureAwait(false);
                await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await EndAsync(source, moving).ConfigureAwait(false);
        }
    }

    /// <summary>A source can be disposed only between two items; one that ignores its cancellation is not waited for.</summary>
    private static ValueTask EndAsync<TItem>(IAsyncEnumerator<TItem> source, Task<bool>? moving)
    {
        if (moving is null or { IsCompleted: true })
        {
            _ = moving?.Exception;
            return source.DisposeAsync();
        }

        _ = EndLaterAsync(source, moving);
        return ValueTask.CompletedTask;
    }

    private static async Task EndLaterAsync<TItem>(IAsyncEnumerator<TItem> source, Task<bool> moving)
    {
        await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await source.DisposeAsync().ConfigureAwait(false);
    }
}
