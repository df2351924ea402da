namespace SafeVision.Conversion.Verification;

/// <summary>Runs written encoders on ONNX Runtime and holds them against the reference computation from the checkpoint's weights.
/// Of one that is too large for that to be quick, or whose weights are rounded to few bits, the first layers and the last part are
/// checked.</summary>
internal sealed class EncoderVerifier(double tolerance, Action<long, long> report, CancellationToken cancellationToken)
{
    private const int NoiseItems = 8;

    private readonly List<string> _scopes = [];

    /// <summary>The most multiplications of the reference computation of one encoder; so many take a few seconds.</summary>
    public long MostMultiplications { get; init; } = 20_000_000_000;

    /// <summary>The largest difference of an output.</summary>
    public double LargestDifference { get; private set; }

    /// <summary>What was checked, in words.</summary>
    public string Scope => _scopes.All(scope => scope == "whole") ? "whole" : string.Join("; ", _scopes);

    /// <exception cref="CheckpointException">A graph gives other numbers, or NaN; the message names it.</exception>
    public void Verify(IReadOnlyList<(IEncoder Encoder, WrittenGraph Graph)> encoders)
    {
        long done = 0, total = encoders.Sum(pair => (long)pair.Encoder.Depth);
        report(0, total);
        foreach ((IEncoder encoder, WrittenGraph graph) in encoders)
        {
            int layers = Verify(encoder, graph, () => report(++done, total));
            _scopes.Add(layers == encoder.Depth ? "whole" : $"{encoder.Name}: {layers} of {encoder.Depth} layers and the last part");
        }

        report(total, total);
    }

    /// <summary>Checks one encoder; returns how many layers were checked.</summary>
    /// <exception cref="CheckpointException">The graph gives other numbers, or NaN; the message names it.</exception>
    public int Verify(IEncoder encoder, WrittenGraph graph, Action computed)
    {
        IReadOnlyDictionary<string, VisionInput> inputs = encoder.Probe(1);
        int layers = Affordable(encoder);
        float[] hidden = encoder.ReferenceEmbed(inputs);
        var taken = new Dictionary<int, float[]>();
        for (int i = 0; i < layers; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hidden = taken[i] = encoder.ReferenceStep(i, hidden);
            computed();
        }

        if (layers == encoder.Depth)
        {
            using GraphRun whole = GraphRun.Open(graph.Path);
            Compare(graph, encoder.Output, encoder.ReferenceHead(encoder.ReferenceFinish(hidden), [.. encoder.TakenLayers.Select(layer => taken[layer])], inputs), Run(whole, inputs));
            return layers;
        }

        using GraphRun start = GraphRun.Open(graph.Path, graph.Cut([], graph.Blocks.Hidden[layers]));
        Compare(graph, $"layer {layers}", hidden, Run(start, inputs));
        // Several items: the few numbers of one may all be small by chance, beside which what rounding does to them is large.
        int[] shape = encoder.FinalShape;
        VisionInput[] noise = [.. Enumerable.Range(2, NoiseItems).Select(seed => VisionInput.Noise((ulong)seed, shape))];
        string[] starts = [graph.Blocks.Final, .. encoder.TakenLayers.Select(layer => graph.Blocks.Hidden[layer + 1]).Where(value => value != graph.Blocks.Final)];
        using GraphRun end = GraphRun.Open(graph.Path, graph.Cut(starts, encoder.Output), graph.HasBlocks);
        Compare(
            graph, encoder.LastPart,
            [.. noise.SelectMany(item => encoder.ReferenceHead(item.Numbers, [.. encoder.TakenLayers.Select(_ => item.Numbers)], inputs))],
            [.. noise.SelectMany(item => Run(end, inputs.Concat(starts.Select(start => KeyValuePair.Create(start, item))).ToDictionary()))]);
        return layers;
    }

    /// <summary>How many layers are computed as a reference: at least one where there is one.</summary>
    private int Affordable(IEncoder encoder)
    {
        if (GraphComparison.IsCoarse(tolerance))
        {
            return Math.Min(1, encoder.Depth);
        }

        long cost = 0;
        int layers = 0;
        while (layers < encoder.Depth && (cost += encoder.Cost(layers)) <= MostMultiplications)
        {
            layers++;
        }

        return Math.Clamp(layers, Math.Min(1, encoder.Depth), encoder.Depth);
    }

    private float[] Run(GraphRun run, IReadOnlyDictionary<string, VisionInput> inputs) => run.RunForFirst(inputs, cancellationToken);

    private void Compare(WrittenGraph graph, string what, float[] expected, float[] actual) =>
        LargestDifference = Math.Max(LargestDifference, GraphComparison.Require(graph.Path, what, expected, actual, tolerance));
}

/// <summary>Holds what a graph yields against the reference computation.</summary>
internal static class GraphComparison
{
    private const double CoarseTolerance = 0.05;

    /// <summary>Whether weights are rounded to so few bits that the error of a single number among many can't be told from a defect.</summary>
    public static bool IsCoarse(double tolerance) => tolerance > CoarseTolerance;

    /// <summary>The root of the squared differences by that of the squares.</summary>
    public static double Error(float[] expected, float[] actual) =>
        TensorPrimitives.Distance(expected, actual) / Math.Max(TensorPrimitives.Norm<float>(expected), float.Epsilon);

    /// <summary>The difference: the largest, relative to the largest number; if coarse, <see cref="Error"/>.</summary>
    /// <exception cref="CheckpointException">It is more than the tolerance, or a value is not finite.</exception>
    public static double Require(string path, string what, float[] expected, float[] actual, double tolerance)
    {
        double difference = IsCoarse(tolerance)
            ? Error(expected, actual)
            : ProviderSelfCheck.RelativeDifference(expected, actual);
        return difference <= tolerance
            ? difference
            : throw new CheckpointException(
                $"{path}: {what} differs from the reference computation by {difference:0.0e+0} (more than {tolerance:0.0e+0}); the weights may be damaged, or this is a defect of the converter.");
    }
}
