namespace SafeVision.Hosting;

/// <summary>A few threads of the library's own, on which images are decoded and judged, so that a host's thread pool stays free to
/// serve. Work gets onto them by awaiting <see cref="Enter"/>; from there, an await that keeps its context comes back to them.
/// Threads start when there is work for them and end with this object.</summary>
internal sealed class JudgingThreads(int most) : SynchronizationContext, IDisposable
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _work = new();
    private int _threads;
    private int _idle;
    private bool _ended;

    /// <summary>Awaiting it continues on one of the threads.</summary>
    public Entrance Enter() => new(this);

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_work)
        {
            if (!_ended)
            {
                _work.Enqueue((d, state));
                if (_work.Count <= _idle)
                {
                    Monitor.Pulse(_work);
                }
                else if (_threads < most)
                {
                    var thread = new Thread(Run) { IsBackground = true, Name = $"SafeVision {++_threads}" };
                    thread.UnsafeStart();
                }

                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static work => work.d(work.state), (d, state), preferLocal: false); // nothing is left waiting for ever
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Judging is never waited for on its own threads.");

    public override SynchronizationContext CreateCopy() => this;

    private void Run()
    {
        SetSynchronizationContext(this);
        while (true)
        {
            (SendOrPostCallback Callback, object? State) next;
            lock (_work)
            {
                while (!_work.TryDequeue(out next))
                {
                    if (_ended)
                    {
                        return;
                    }

                    _idle++;
                    Monitor.Wait(_work);
                    _idle--;
                }
            }

            next.Callback(next.State);
        }
    }

    /// <summary>Lets the threads end when the work that they have is done.</summary>
    public void Dispose()
    {
        lock (_work)
        {
            _ended = true;
            Monitor.PulseAll(_work);
        }
    }

    /// <summary>What an await of <see cref="Enter"/> needs.</summary>
    internal readonly struct Entrance(JudgingThreads threads) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => Current == threads;

        public Entrance GetAwaiter() => this;

        public void GetResult()
        {
            // nothing to give
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Post(static state => ((Action)state!)(), continuation);
    }
}
