using System.Runtime.CompilerServices;

namespace SafeVision.Pipeline;

/// <summary>Runs an asynchronous function over a stream: several items at a time, results in the items' order.</summary>
internal static class OrderedWindow
{
    public static async IAsyncEnumerable<TResult> SelectAsync<TItem, TResult>(
        IAsyncEnumerable<TItem> items,
        Func<TItem, CancellationToken, Task<TResult>> select,
        int window,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Queue<Task<TResult>>(window);
        try
        {
            await foreach (TItem item in items.WithCancellation(linked.Token).ConfigureAwait(false))
            {
                if (running.Count == window)
                {
                    yield return await running.Dequeue().ConfigureAwait(false);
                }

                running.Enqueue(Task.Run(() => select(item, linked.Token), linked.Token));
            }

            while (running.TryDequeue(out Task<TResult>? next))
            {
                yield return await next.ConfigureAwait(false);
            }
        }
        finally
        {
            // A consumer that stops early, or an item that failed, leaves nothing running behind.
            if (running.Count > 0)
            {
                await linked.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
            }
        }
    }
}
