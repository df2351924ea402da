namespace SafeVision.VisionLanguage.Generation;

/// <summary>Lets any number of sequences share one decoder: those that write a token go together in one run where the
/// graph allows it, and between two such runs one prompt advances by one chunk, so that neither starves the other.
/// Thread-safe.</summary>
/// <remarks>Works on a thread of the pool while there is work and holds none otherwise.</remarks>
internal sealed class DecoderScheduler : IDisposable
{
    private const int MostWaiting = 4096;

    private readonly TextDecoder _decoder;
    private readonly DecoderSlots _slots;
    private readonly Lock _gate = new();
    private readonly Lock _run = new(); // held while the decoder or a cache is in use
    private readonly List<DecoderJob> _arrived = [];
    private readonly List<DecoderSlot> _returned = [];
    private readonly LinkedList<Waiter> _waiters = [];
    private readonly List<DecoderJob> _jobs = []; // the loop's own
    private readonly CancellationTokenSource _stop = new();
    private bool _isRunning;
    private int _turn;

    public DecoderScheduler(TextDecoder decoder, DecoderSlots slots) => (_decoder, _slots) = (decoder, slots);

    /// <summary>The most tokens of a sequence.</summary>
    public int Capacity => _slots.Capacity;

    /// <summary>Waits for a place for a prompt. Whoever came first is served first.</summary>
    /// <exception cref="ObjectDisposedException">The scheduler was disposed.</exception>
    /// <exception cref="InvalidOperationException">Too many are waiting already.</exception>
    public async ValueTask<DecoderSlot> TakeAsync(TokenSequence prompt, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(prompt);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            if (_waiters.Count >= MostWaiting)
            {
                throw new InvalidOperationException($"{MostWaiting} prompts are waiting for the model already. Judge fewer images at once.");
            }

            _waiters.AddLast(waiter);
            Wake();
        }

        try
        {
            return await waiter.Slot.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _waiters.Remove(waiter);
            }

            if (!waiter.Slot.TrySetCanceled(cancellationToken) && waiter.Slot.Task.IsCompletedSuccessfully)
            {
                Return(await waiter.Slot.Task.ConfigureAwait(false)); // it came in the same moment
            }

            throw;
        }
    }

    /// <summary>Gives a place back; no job of it may be running. It is taken back between two runs.</summary>
    public void Return(DecoderSlot slot)
    {
        lock (_gate)
        {
            _returned.Add(slot);
            Wake();
        }
    }

    public Task RunAsync(DecoderJob job, CancellationToken cancellationToken)
    {
        job.CancellationToken = cancellationToken;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            _arrived.Add(job);
            Wake();
        }

        return job.Completion;
    }

    private void Wake()
    {
        if (!_isRunning && !_stop.IsCancellationRequested && (_arrived.Count > 0 || _returned.Count > 0 || _waiters.Count > 0))
        {
            _isRunning = true;
            _ = Task.Run(Loop, CancellationToken.None);
        }
    }

    private void Loop()
    {
        while (DrainQueue())
        {
            lock (_run)
            {
                if (!_stop.IsCancellationRequested) // otherwise draining the queue ends it
                {
                    Guard(_jobs.ToArray(), RunIteration);
                }
            }
        }
    }

    private void RunIteration()
    {
        Admit();
        DropCancelled();
        Step();
        Prefill();
    }

    /// <summary>Takes in what has come and gone since the last run; false when there is nothing to do.</summary>
    private bool DrainQueue()
    {
        lock (_gate)
        {
            if (!_stop.IsCancellationRequested)
            {
                _returned.ForEach(_slots.Return);
            }

            _returned.Clear();
            _arrived.ForEach(job => job.Slot.Tokens.Append(job.PendingTokens.Span));
            _jobs.AddRange(_arrived);
            _arrived.Clear();
            if (_stop.IsCancellationRequested)
            {
                _jobs.ForEach(job => job.Fail(new ObjectDisposedException(nameof(DecoderScheduler))));
                _jobs.Clear();
                foreach (Waiter waiter in _waiters)
                {
                    waiter.Slot.TrySetException(new ObjectDisposedException(nameof(DecoderScheduler)));
                }

                _waiters.Clear();
            }

            return _isRunning = _jobs.Count > 0 || (_waiters.Count > 0 && _slots.HasFree);
        }
    }

    private void Admit()
    {
        while (_slots.HasFree)
        {
            Waiter waiter;
            lock (_gate)
            {
                if (_waiters.First is not { } first)
                {
                    return;
                }

                waiter = first.Value;
                _waiters.RemoveFirst();
            }

            try
            {
                DecoderSlot slot = _slots.Take(waiter.Prompt);
                if (!waiter.Slot.TrySetResult(slot))
                {
                    _slots.Return(slot);
                }
            }
            catch (Exception exception)
            {
                waiter.Slot.TrySetException(exception);
            }
        }
    }

    private void DropCancelled() => _jobs.RemoveAll(job =>
    {
        if (job.CancellationToken.IsCancellationRequested)
        {
            job.Cancel();
            return true;
        }

        if (job.Slot.Pending == 0)
        {
            _slots.ForgetLast(job.Slot); // its logits are gone; they are computed anew
        }

        return false;
    });

    /// <summary>One token for each sequence that waits for just one.</summary>
    private void Step()
    {
        DecoderJob[] ready = [.. _jobs.Where(job => job.Slot.Pending == 1).OrderBy(job => job.Slot.Row)];
        if (_slots.Shared is { } shared && ready.Length > 1)
        {
            StepTogether(shared, ready);
            return;
        }

        foreach (DecoderJob job in ready)
        {
            Guard([job], () => Advance(job, _decoder.Run(job.Slot, 1, 1, job.CancellationToken)));
        }
    }

    private void StepTogether(SharedKeyValueBuffers shared, DecoderJob[] ready)
    {
        int first = ready[0].Slot.Row;
        DecoderSlot[] slots = _slots.All[first..(ready[^1].Slot.Row + 1)].ToArray();
        bool[] isActive = [.. slots.Select(slot => ready.Any(job => job.Slot == slot))];
        Guard(ready, () =>
        {
            Span<float> logits = _decoder.Step(shared, slots, isActive);
            int vocabulary = logits.Length / slots.Length;
            foreach (DecoderJob job in ready)
            {
                Advance(job, logits.Slice((job.Slot.Row - first) * vocabulary, vocabulary));
            }
        });
    }

    /// <summary>One chunk of one prompt.</summary>
    private void Prefill()
    {
        for (int i = 0; i < _jobs.Count; i++)
        {
            DecoderJob job = _jobs[(_turn + i) % _jobs.Count];
            if (job.Slot.Pending <= 1)
            {
                continue;
            }

            _turn = (_turn + i + 1) % _jobs.Count;
            Guard([job], () =>
            {
                int keep = job.Keep, count = _decoder.Portion(job.Slot, keep);
                bool isLast = count == job.Slot.Pending;
                Span<float> logits = _decoder.Run(job.Slot, count, isLast ? keep : 1, job.CancellationToken);
                if (isLast)
                {
                    Advance(job, logits);
                }
            });
            return;
        }
    }

    private void Advance(DecoderJob job, Span<float> logits)
    {
        if (job.Advance(logits))
        {
            _jobs.Remove(job);
            job.Succeed();
        }
    }

    private void Guard(ReadOnlySpan<DecoderJob> jobs, Action run)
    {
        try
        {
            run();
        }
        catch (Exception exception)
        {
            foreach (DecoderJob job in jobs)
            {
                if (_jobs.Remove(job))
                {
                    if (exception is OperationCanceledException && job.CancellationToken.IsCancellationRequested)
                    {
                        job.Cancel();
                    }
                    else
                    {
                        job.Fail(exception);
                    }
                }
            }
        }
    }

    /// <summary>Ends the run in progress, fails all jobs and frees the memory.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            _stop.Cancel();
            _isRunning = true; // nothing starts any more
        }

        lock (_run)
        {
            DrainQueue();
            _slots.Dispose();
            _decoder.Dispose();
        }
    }

    private sealed class Waiter(TokenSequence prompt)
    {
        public TokenSequence Prompt { get; } = prompt;
        public TaskCompletionSource<DecoderSlot> Slot { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
