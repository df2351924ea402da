namespace SafeVision.Conversion.Tfjs;

/// <summary>Orders named parts so that each comes behind what it takes.</summary>
internal static class TfjsOrder
{
    private const int MostParts = 20_000;

    /// <summary>The parts' indices in order; among those that are free to go, the first listed goes first.</summary>
    /// <exception cref="CheckpointException">A part takes what is not there, two share a name, or they go in a circle.</exception>
    public static IReadOnlyList<int> Sort(string path, IReadOnlyList<(string Name, IReadOnlyList<string> Inputs)> parts)
    {
        if (parts.Count > MostParts)
        {
            throw new CheckpointException($"{path}: {parts.Count} nodes are more than a model may have ({MostParts}).");
        }

        var indices = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < parts.Count; i++)
        {
            if (!indices.TryAdd(parts[i].Name, i))
            {
                throw new CheckpointException($"{path}: two nodes are named '{parts[i].Name}'.");
            }
        }

        int[] missing = new int[parts.Count];
        var takers = new List<int>[parts.Count];
        for (int i = 0; i < parts.Count; i++)
        {
            foreach (string input in parts[i].Inputs)
            {
                if (!indices.TryGetValue(input, out int source))
                {
                    throw new CheckpointException($"{path}: '{parts[i].Name}' takes '{input}', which is not there.");
                }

                (takers[source] ??= []).Add(i);
                missing[i]++;
            }
        }

        var order = new List<int>();
        var ready = new PriorityQueue<int, int>(Enumerable.Range(0, parts.Count).Where(i => missing[i] == 0).Select(i => (i, i)));
        while (ready.TryDequeue(out int next, out _))
        {
            order.Add(next);
            foreach (int taker in takers[next] ?? [])
            {
                if (--missing[taker] == 0)
                {
                    ready.Enqueue(taker, taker);
                }
            }
        }

        return order.Count == parts.Count
            ? order
            : throw new CheckpointException($"{path}: '{parts[Array.FindIndex(missing, count => count > 0)].Name}' takes part in a circle of nodes.");
    }
}
