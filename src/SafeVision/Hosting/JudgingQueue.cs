using System.Diagnostics;

namespace SafeVision.Hosting;

/// <summary>How many images are judged, wait, and are held decoded at once. Checked by the builder.</summary>
/// <param name="Concurrency">Images judged at once, at least 1.</param>
/// <param name="Waiting">Interactive images that may wait, at least 0; background images wait however many there are, for whoever submits them bounds them.</param>
/// <param name="DecodedBytes">The most memory that decoded images may take together; one image alone may take more.</param>
internal sealed record QueueLimits(int Concurrency, int Waiting, long DecodedBytes);

/// <summary>The one queue before the engines. An image takes a turn, waits for one, or is told at once that there are too many.
/// Those that somebody waits for go before those in the background, and each kind in order. Thread-safe.</summary>
internal sealed class JudgingQueue(QueueLimits limits, TimeProvider clock) : IDisposable
{
    private const double Newest = 0.2; // the weight of the newest image in the mean time of a turn

    private static readonly TimeSpan s_restAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _interactive = new();
    private readonly LinkedList<Waiter> _background = new();
    private readonly LinkedList<Waiter> _forMemory = new();
    private bool _closed;
    private int _turns;
    private long _bytes;
    private double _meanSeconds;
    private Timer? _rest;
    private long _rested;

    /// <summary>Where those that have a turn are judged. More threads than cores would gain nothing and hold more memory; an engine
    /// that waits for others leaves its thread.</summary>
    public JudgingThreads Threads { get; } = new(Math.Min(limits.Concurrency, Math.Max(2, Environment.ProcessorCount)));

    /// <summary>Images that are being judged, those included whose caller went away.</summary>
    public int Judging
    {
        get
        {
            lock (_gate)
            {
                return _turns;
            }
        }
    }

    /// <summary>Takes a turn, which <see cref="Leave"/> gives back. False: too many wait, which is said at once, or the queue was closed.</summary>
    public async ValueTask<bool> TryEnterAsync(AssessPriority priority, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_turns < limits.Concurrency && !_closed)
            {
                _turns++;
                return true;
            }

            if (_closed || (priority == AssessPriority.Interactive && _interactive.Count >= limits.Waiting))
            {
                return false;
            }

            waiter = new Waiter(priority == AssessPriority.Interactive ? _interactive : _background, 0);
        }

        return await WaitAsync(waiter, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Turns away those that wait for a turn, and whoever comes; those that have one go on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            while (Waiter.Wake(_interactive, false) || Waiter.Wake(_background, false))
            {
                // the next
            }
        }
    }

    /// <summary>Gives a turn back.</summary>
    public void Leave(long since)
    {
        double seconds = clock.GetElapsedTime(since).TotalSeconds;
        bool rests = false;
        lock (_gate)
        {
            _meanSeconds = _meanSeconds == 0 ? seconds : ((1 - Newest) * _meanSeconds) + (Newest * seconds);
            if (!Waiter.Wake(_interactive) && !Waiter.Wake(_background) && --_turns == 0)
            {
                rests = Stopwatch.GetElapsedTime(_rested) > s_restAfter;
                if (!rests)
                {
                    (_rest ??= new Timer(static queue => ((JudgingQueue)queue!).Rest(), this, Timeout.Infinite, Timeout.Infinite)).Change(s_restAfter, Timeout.InfiniteTimeSpan);
                }
            }
        }

        if (rests)
        {
            Rest();
        }
    }

    /// <summary>Waits until the memory that an image takes decoded is free, and takes it; <see cref="Release"/> gives it back.</summary>
    public ValueTask ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_forMemory.Count == 0 && Fits(bytes))
            {
                _bytes += bytes;
                return ValueTask.CompletedTask;
            }

            waiter = new Waiter(_forMemory, bytes);
        }

        return new ValueTask(WaitAsync(waiter, cancellationToken));
    }

    /// <summary>Gives memory back.</summary>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _bytes -= bytes;
            while (_forMemory.First is { } next && Fits(next.Value.Bytes))
            {
                long taken = next.Value.Bytes;
                _bytes += Waiter.Wake(_forMemory) ? taken : 0;
            }
        }
    }

    /// <summary>When a turn may be free for one who was turned away: whole seconds, at least one.</summary>
    public TimeSpan RetryAfter()
    {
        lock (_gate)
        {
            return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_meanSeconds * (_interactive.Count + 1) / limits.Concurrency), 1, 3600));
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _rest?.Dispose();
        }

        Threads.Dispose();
    }

    /// <summary>Gives the memory of the last images back to the system, when there has been none since; at most once a second, for the next has to ask for it again.</summary>
    private void Rest()
    {
        if (Judging == 0)
        {
            _rested = Stopwatch.GetTimestamp();
            ProcessMemory.GiveBack();
        }
    }

    private bool Fits(long bytes) => _bytes == 0 || _bytes + bytes <= limits.DecodedBytes;

    private async Task<bool> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                (JudgingQueue queue, Waiter waiter) = ((JudgingQueue, Waiter))state!;
                lock (queue._gate)
                {
                    waiter.GiveUp(token);
                    queue.Release(0); // whoever waits for memory behind it may fit
                }
            },
            (this, waiter));
        return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>One who waits, in a list of which the queue's lock is held.</summary>
    private sealed class Waiter : TaskCompletionSource<bool>
    {
        private readonly LinkedListNode<Waiter> _place;

        public Waiter(LinkedList<Waiter> list, long bytes)
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
            Bytes = bytes;
            _place = list.AddLast(this);
        }

        public long Bytes { get; }

        /// <summary>Lets the first of a list go on, or turns it away; false when nobody waits.</summary>
        public static bool Wake(LinkedList<Waiter> list, bool admitted = true)
        {
            if (list.First is not { } first)
            {
                return false;
            }

            list.RemoveFirst();
            first.Value.SetResult(admitted);
            return true;
        }

        /// <summary>Leaves the list, unless it was let go on before.</summary>
        public void GiveUp(CancellationToken token)
        {
            if (_place.List is { } list)
            {
                list.Remove(_place);
                SetCanceled(token);
            }
        }
    }
}
