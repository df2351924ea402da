namespace SafeVision.Training.Runs;

/// <summary>The order of samples in each pass over them, which follows from the seed alone. Thread-safe: a batch is prepared while another is computed.</summary>
internal sealed class SampleOrder(long seed)
{
    private const int MostKept = 8;

    private readonly Dictionary<(int Count, long Pass), int[]> _orders = [];

    /// <summary>The places of some samples in the order of a pass.</summary>
    public int[] Of(int count, long pass)
    {
        lock (_orders)
        {
            if (!_orders.TryGetValue((count, pass), out int[]? order))
            {
                if (_orders.Count > MostKept)
                {
                    _orders.Clear();
                }

                order = [.. Enumerable.Range(0, count)];
                new Random(unchecked((int)((seed * 2_654_435_761) ^ (pass * 40_503)))).Shuffle(order);
                _orders[(count, pass)] = order;
            }

            return order;
        }
    }
}
