namespace SafeVision.Training.Data.Stages;

/// <summary>Takes the images that are not done through a stage: several at once, written in the order in which they came.</summary>
internal static class StageRun
{
    /// <typeparam name="T">What the stage takes.</typeparam>
    /// <param name="inputs">What there is to do, done or not.</param>
    /// <param name="step">Does one; it may run beside others.</param>
    /// <param name="finish">Last word on a record, in order and one at a time; null: none.</param>
    /// <param name="cancellationToken">Stops it; what is written stays.</param>
    public static async Task<StageSummary> RunAsync<T>(
        string stage,
        StageFolder folder,
        IAsyncEnumerable<T> inputs,
        Func<T, string> key,
        Func<T, CancellationToken, Task<ImageRecord>> step,
        Func<ImageRecord, ImageRecord>? finish,
        StageRunOptions options,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new Queue<Task<ImageRecord>>();
        HashSet<string> begun = new(StringComparer.Ordinal);
        int[] counts = new int[3];
        int before = 0;
        try
        {
            await foreach (T input in inputs.WithCancellation(stop.Token).ConfigureAwait(false))
            {
                if (!begun.Add(key(input)))
                {
                    continue; // named twice
                }

                if (folder.Done.TryGetValue(key(input), out StageOutcome outcome) && !(outcome == StageOutcome.Failed && options.RetryFailed))
                {
                    before++;
                    continue;
                }

                if (running.Count == options.Parallelism)
                {
                    await WriteAsync().ConfigureAwait(false);
                }

                running.Enqueue(Task.Run(() => step(input, stop.Token), stop.Token));
            }

            while (running.Count > 0)
            {
                await WriteAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }

        return new StageSummary(stage, counts[0], counts[1], counts[2], before);

        async Task WriteAsync()
        {
            ImageRecord record = await running.Dequeue().ConfigureAwait(false);
            record = finish is null || record.Outcome != StageOutcome.Kept ? record : finish(record);
            await folder.AppendAsync(record, cancellationToken).ConfigureAwait(false);
            counts[(int)record.Outcome]++;
            options.Progress?.Report(new StageSummary(stage, counts[0], counts[1], counts[2], before));
        }
    }
}
