namespace SafeVision.Conversion.Verification;

/// <summary>Runs the three written graphs on ONNX Runtime and holds them against the reference computation from the checkpoint's
/// weights. Of a model that is too large for that to be quick, or to fit memory, or whose weights are rounded to few bits, the
/// first layers and the last part are checked.</summary>
internal sealed class VisionLanguageVerifier(VisionLanguageModel model, double tolerance, Action<long, long> report, CancellationToken cancellationToken)
{
    private const int Tokens = 5;
    private const int ImageTokens = 3; // the first ones, where an image's tokens see each other
    private const int WatchedLogits = 8192; // the last ones, of a language model that is not computed to its end
    private readonly Lock _gate = new();
    private long _done;

    // What rounding to few bits does grows from layer to layer, until it can't be told from a defect, and so does the error
    // of a single number among many.
    private bool IsCoarse => GraphComparison.IsCoarse(tolerance);

    private long Total => model.Text.Layers.Count + model.Vision.Layers.Layers.Count + 1;

    /// <summary>The most bytes of weights that a run may have to hold.</summary>
    public long MostBytes { get; init; } = 64 << 20;

    /// <summary>The most multiplications of the plain vision tower; so many take a second or two.</summary>
    public long MostMultiplications { get; init; } = 4_000_000_000;

    /// <summary>The largest difference, relative to the largest number of an output; where weights are rounded to few bits: the root of the squared differences by that of the squares.</summary>
    public double LargestDifference { get; private set; }

    /// <summary>What was checked, in words.</summary>
    public string Scope { get; private set; } = "";

    /// <exception cref="CheckpointException">A graph gives other numbers, or NaN; the message names it.</exception>
    public async Task VerifyAsync(WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision)
    {
        report(0, Total);
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(i => (int)((long)model.Text.Shape.Vocabulary * i / Tokens))];
        float[] embeddings = VerifyEmbedding(embedding, ids);
        // Much of both keeps one core busy only: opening a graph, above all.
        int[] layers = await Task.WhenAll(Task.Run(() => VerifyDecoder(decoder, embeddings), cancellationToken), Task.Run(() => VerifyVision(vision), cancellationToken)).ConfigureAwait(false);
        (int text, int tower) = (layers[0], layers[1]);
        Scope = text == model.Text.Layers.Count && tower == model.Vision.Layers.Layers.Count
            ? "whole"
            : $"{text} of {model.Text.Layers.Count} layers of the language model and its head, {tower} of {model.Vision.Layers.Layers.Count} layers of the vision tower and the projector";
        report(Total, Total);
    }

    private float[] VerifyEmbedding(WrittenGraph graph, int[] ids)
    {
        float[] expected = model.Text.Embed(ids);
        using GraphRun run = GraphRun.Open(graph.Path);
        Compare(graph, "inputs_embeds", expected, run.RunForFirst(new Dictionary<string, VisionInput> { ["input_ids"] = new([1, ids.Length], [.. ids.Select(id => (float)id)]) }, cancellationToken));
        return expected;
    }

    /// <summary>Returns how many layers were checked.</summary>
    private int VerifyDecoder(WrittenGraph graph, float[] embeddings)
    {
        TextDecoder text = model.Text;
        bool isWhole = graph.WeightBytes <= MostBytes && !IsCoarse;
        int layers = isWhole ? text.Layers.Count : IsCoarse ? 1 : (int)Math.Clamp(MostBytes * text.Layers.Count / graph.WeightBytes, 1, text.Layers.Count);
        int image = text.Shape.SeesWholeImages ? ImageTokens : 0;
        float[] hidden = ReferenceDecoder.Run(text, embeddings, layers, Advance, cancellationToken, image);
        using var probe = new DecoderProbe(text.Shape, embeddings, image);
        if (isWhole)
        {
            (float[] prefill, float[] step) = probe.ReadAndStep(graph, cancellationToken);
            Compare(graph, "logits", ReferenceDecoder.Logits(text, hidden), [.. prefill, .. step]);
            return layers;
        }

        Compare(graph, $"layer {layers}", hidden, probe.Run(graph, graph.Cut([], graph.Blocks.Hidden[layers]), cancellationToken));
        float[] noise = VisionInput.Noise(3, Tokens, text.Shape.Hidden).Numbers; // behind the last layer, whose width is the model's own
        float[] logits = Tail(graph, "logits", noise, text.Shape.Hidden);
        int watched = Math.Min(WatchedLogits, text.Shape.Vocabulary), first = text.Shape.Vocabulary - watched;
        float[] ends = [.. Enumerable.Range(1, Tokens).SelectMany(row => logits.AsSpan((row * text.Shape.Vocabulary) - watched, watched).ToArray())];
        Compare(graph, "head", ReferenceDecoder.Bound(ReferenceTransformer.Linear(text.Head.Slice("head.watched", first, watched), noise), text.Shape.LogitCap), ends);
        return layers;
    }

    /// <summary>Returns how many layers were checked.</summary>
    private int VerifyVision(WrittenGraph graph)
    {
        var verifier = new EncoderVerifier(tolerance, (_, _) => { }, cancellationToken) { MostMultiplications = MostMultiplications };
        int layers = verifier.Verify(model.Vision, graph, Advance);
        Know(verifier.LargestDifference);
        return layers;
    }

    /// <summary>What the graph makes of the last hidden values.</summary>
    private float[] Tail(WrittenGraph graph, string output, float[] hidden, int width)
    {
        string start = graph.Blocks.Final;
        using GraphRun run = GraphRun.Open(graph.Path, graph.Cut([start], output), graph.HasBlocks);
        return run.RunForFirst(new Dictionary<string, VisionInput> { [start] = new([1, hidden.Length / width, width], hidden) }, cancellationToken);
    }

    private void Compare(WrittenGraph graph, string what, float[] expected, float[] actual) =>
        Know(GraphComparison.Require(graph.Path, what, expected, actual, tolerance));

    private void Know(double difference)
    {
        lock (_gate)
        {
            LargestDifference = Math.Max(LargestDifference, difference);
        }
    }

    private void Advance()
    {
        lock (_gate)
        {
            report(++_done, Total);
        }
    }
}
