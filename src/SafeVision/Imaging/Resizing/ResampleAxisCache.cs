namespace SafeVision.Imaging;

/// <summary>Keeps the weights of recently used axes, so that a stream of images of a few sizes computes and allocates them once. Thread-safe.</summary>
internal sealed class ResampleAxisCache(int capacity)
{
    // Larger tables belong to images of unusual size; holding on to them would only let strangers fill our memory.
    private const int MaximumWeights = 128 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<ResampleAxisKey, LinkedListNode<(ResampleAxisKey Key, ResampleAxis Axis)>> _nodes = new(capacity);
    private readonly LinkedList<(ResampleAxisKey Key, ResampleAxis Axis)> _recent = new();

    /// <summary>The cache that the process shares: at most 64 axes of at most half a megabyte.</summary>
    public static ResampleAxisCache Shared { get; } = new(64);

    /// <summary>The number of axes held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _nodes.Count;
            }
        }
    }

    public ResampleAxis Get(in ResampleAxisKey key)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(key, out var node))
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Axis;
            }
        }

        // Outside the lock: two threads may both compute the same axis, but nobody waits for another's table.
        ResampleAxis axis = ResampleAxis.Create(key);
        if (axis.Low.Length <= MaximumWeights)
        {
            Add(key, axis);
        }

        return axis;
    }

    private void Add(in ResampleAxisKey key, ResampleAxis axis)
    {
        lock (_lock)
        {
            if (_nodes.ContainsKey(key))
            {
                return;
            }

            if (_nodes.Count == capacity)
            {
                _nodes.Remove(_recent.Last!.Value.Key);
                _recent.RemoveLast();
            }

            _nodes.Add(key, _recent.AddFirst((key, axis)));
        }
    }
}

/// <summary>Everything that the weights along one axis depend on.</summary>
/// <param name="SourceSize">Pixels of the source along the axis.</param>
/// <param name="TargetSize">Pixels of the whole target along the axis.</param>
/// <param name="Filter">The kernel; not nearest.</param>
/// <param name="First">The first wanted target pixel.</param>
/// <param name="Count">The number of wanted target pixels.</param>
internal readonly record struct ResampleAxisKey(
    int SourceSize, float Low, float High, int TargetSize, ResampleFilter Filter, int First, int Count)
{
    /// <summary>True if the axis neither scales nor shifts by parts of a pixel: every kernel is then 1 at its centre and 0 at the other pixels.</summary>
    public bool IsShift => High - Low == TargetSize && Low == MathF.Truncate(Low);
}
