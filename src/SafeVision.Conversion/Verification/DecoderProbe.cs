namespace SafeVision.Conversion.Verification;

/// <summary>Some embeddings, run through a decoder's graph as a host would: first most of them, then one more with the cache.</summary>
/// <param name="embeddings">[tokens, input width].</param>
/// <param name="image">How many of the first tokens are an image's, and see each other both ways where the decoder has that.</param>
internal sealed class DecoderProbe(DecoderShape shape, float[] embeddings, int image = 0) : IDisposable
{
    private readonly List<OrtValue> _values = [];

    private int Tokens => embeddings.Length / shape.InputWidth;

    /// <summary>The logits of all tokens but the last, and those of the last one, which met them in the cache.</summary>
    public (float[] Prefill, float[] Step) ReadAndStep(WrittenGraph graph, CancellationToken cancellationToken)
    {
        using GraphRun run = GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
        int first = Tokens - 1;
        using IDisposableReadOnlyCollection<OrtValue> prefill = run.Run(Inputs(run, 0, first, null), cancellationToken);
        Dictionary<string, OrtValue> step = Inputs(run, first, 1, prefill);
        return (GraphRun.Singles(prefill[0]), run.RunForFirst(step, cancellationToken));
    }

    /// <summary>What a part of the graph makes of all tokens.</summary>
    public float[] Run(WrittenGraph graph, byte[] part, CancellationToken cancellationToken)
    {
        using GraphRun run = GraphRun.Open(graph.Path, part, graph.HasBlocks);
        return run.RunForFirst(Inputs(run, 0, Tokens, null), cancellationToken);
    }

    /// <summary>The logits of the last tokens.</summary>
    public float[] Logits(WrittenGraph graph, int kept, CancellationToken cancellationToken)
    {
        using GraphRun run = GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
        return run.RunForFirst(Inputs(run, 0, Tokens, null, kept), cancellationToken);
    }

    /// <summary>What a graph takes for all tokens; the values live as long as this.</summary>
    /// <param name="kept">Of how many of the last tokens logits are wanted; 0: of all.</param>
    public Dictionary<string, OrtValue> Inputs(GraphRun run, int kept = 0) => Inputs(run, 0, Tokens, null, kept);

    public void Dispose() => _values.ForEach(value => value.Dispose());

    private Dictionary<string, OrtValue> Inputs(GraphRun run, int start, int count, IDisposableReadOnlyCollection<OrtValue>? cache, int kept = 0)
    {
        var inputs = new Dictionary<string, OrtValue>();
        int place = 1; // behind the logits, present follows present as past does past
        foreach (string name in run.Inputs.Keys)
        {
            if (name.StartsWith("past_key_values.", StringComparison.Ordinal) && cache is not null)
            {
                inputs[name] = cache[place++];
                continue;
            }

            OrtValue value = name switch
            {
                _ when name.EndsWith("_state", StringComparison.Ordinal) => Nothing(run, name),
                "inputs_embeds" => run.Value(name, embeddings[(start * shape.InputWidth)..((start + count) * shape.InputWidth)], 1, count, shape.InputWidth),
                "attention_mask" => run.Value(name, [.. Enumerable.Repeat(1f, start + count)], 1, start + count),
                "position_ids" => Positions(run, start, count),
                "visible_until" => run.Value(name, [.. Enumerable.Range(start, count).Select(token => (float)Math.Max(token, image - 1))], 1, count),
                "num_logits_to_keep" => run.Value(name, [kept]),
                _ => run.Value(name, [], 1, shape.KeyValueHeads, 0, shape.HeadSize),
            };
            _values.Add(value);
            inputs[name] = value;
        }

        return inputs;
    }

    /// <summary>A memory that nothing was put into yet.</summary>
    private static OrtValue Nothing(GraphRun run, string name)
    {
        long[] sizes = [1, .. run.Inputs[name].Dimensions.Skip(1).Select(size => (long)size)];
        return run.Value(name, new float[sizes.Aggregate(1L, (product, size) => product * size)], sizes);
    }

    private static OrtValue Positions(GraphRun run, int start, int count)
    {
        float[] row = [.. Enumerable.Range(start, count).Select(position => (float)position)];
        return run.Inputs["position_ids"].Dimensions.Length == 3
            ? run.Value("position_ids", [.. row, .. row, .. row], 3, 1, count)
            : run.Value("position_ids", row, 1, count);
    }
}
