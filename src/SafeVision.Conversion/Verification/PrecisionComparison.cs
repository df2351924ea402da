using Probabilities = SafeVision.Inference.Probabilities;

namespace SafeVision.Conversion.Verification;

/// <summary>Runs a model of rounded weights and its float32 twin, written for this only, on the same images and tokens. Of a model
/// whose twin would be too large, a language model of its first and last layer is written anew and held against the plain
/// computation of the same layers.</summary>
internal sealed class PrecisionComparison(
    VisionLanguageModel model, IWeightForm form, AttentionStyle style, string parentFolder, Action<long, long> report, CancellationToken cancellationToken)
{
    private const int Samples = 2;
    private const int Tokens = 64; // behind each image
    private const int PartVocabulary = 8192;

    /// <summary>The most bytes of float32 weights for which the whole model is usually compared.</summary>
    public const long UsualBytes = 1536L << 20;

    private readonly Float32Form _exact = new();
    private readonly string _folder = Path.Combine(parentFolder, "float32-twin");
    private int _done;

    /// <summary>The most bytes of float32 weights for which the whole model is compared.</summary>
    public long MostBytes { get; init; } = UsualBytes;

    /// <summary>What the rounded graphs were written from, the same model in other numbers; null: the model itself.</summary>
    public VisionLanguageModel? Smoothed { get; init; }

    /// <summary>What is asked beside noise where the whole model is compared.</summary>
    public IReadOnlyList<SampleQuestion> Questions { get; init; } = [];

    /// <exception cref="CheckpointException">The rounded model yields NaN.</exception>
    public PrecisionLoss Measure(WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision)
    {
        WrittenGraph[] twins =
        [
            Twin("decoder", DecoderGraph.Write(model.Text, _exact, style)),
            Twin("embedding", EmbeddingGraph.Write(model.Text, _exact)),
            Twin("vision", model.Vision.Write(_exact)),
        ];
        Directory.CreateDirectory(_folder);
        try
        {
            return twins.Sum(twin => twin.WeightBytes) <= MostBytes ? CompareWhole([decoder, embedding, vision], twins) : ComparePart(embedding);
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private PrecisionLoss CompareWhole(WrittenGraph[] rounded, WrittenGraph[] twins)
    {
        int steps = 3 + (3 * Samples) + Math.Min(1, Questions.Count);
        report(0, steps);
        Array.ForEach(twins, twin => Write(twin, steps));
        var logits = new LogitComparison(model.Text.Shape.Vocabulary);
        double featureError = 0, featurePower = 0;
        for (int sample = 1; sample <= Samples; sample++)
        {
            IReadOnlyDictionary<string, VisionInput> image = model.Vision.Probe((ulong)sample);
            float[] expectedFeatures = RunVision(twins[2], image), features = RunVision(rounded[2], image);
            featureError += Math.Pow(TensorPrimitives.Distance(expectedFeatures, features), 2);
            featurePower += TensorPrimitives.SumOfSquares<float>(expectedFeatures);
            Advance(steps);

            long[] ids = Ids(sample, model.Text.Shape.Vocabulary);
            float[] expected = [.. expectedFeatures, .. Embed(twins[1], ids)], actual = [.. features, .. Embed(rounded[1], ids)];
            Advance(steps);
            int imageTokens = expectedFeatures.Length / model.Text.Shape.InputWidth;
            logits.Add(RunDecoder(model.Text, twins[0], expected, imageTokens), RunDecoder(model.Text, rounded[0], actual, imageTokens));
            Advance(steps);
        }

        return Ask(rounded, twins, steps, logits.ToLoss("whole model", featurePower == 0 ? null : Math.Sqrt(featureError / featurePower)));
    }

    /// <summary>Adds what becomes of the answers to the guard's own questions.</summary>
    private PrecisionLoss Ask(WrittenGraph[] rounded, WrittenGraph[] twins, int steps, PrecisionLoss loss)
    {
        if (Questions.Count == 0)
        {
            return loss;
        }

        double[][] expected = Shares(twins), actual = Shares(rounded);
        Advance(steps);
        return loss with
        {
            Questions = Questions.Count,
            LargestShareDifference = expected.Zip(actual, (wanted, got) => wanted.Zip(got, (one, other) => Math.Abs(one - other)).Max()).Max(),
            AnswerAgreement = expected.Zip(actual, (wanted, got) => TensorPrimitives.IndexOfMax<double>(wanted) == TensorPrimitives.IndexOfMax<double>(got) ? 1.0 : 0).Average(),
        };
    }

    /// <summary>For each question the share of each answer that it allows, by its first token.</summary>
    private double[][] Shares(WrittenGraph[] graphs)
    {
        using GraphRun decoder = Open(graphs[0]), embedding = Open(graphs[1]), vision = Open(graphs[2]);
        return [.. Questions.Select(question =>
        {
            float[] features = graphs[2].Finite(vision.RunForFirst(question.Image, cancellationToken));
            var ids = new Dictionary<string, VisionInput> { ["input_ids"] = new([1, question.Ids.Length], [.. question.Ids.Select(id => (float)id)]) };
            using var probe = new DecoderProbe(model.Text.Shape, question.Place(embedding.RunForFirst(ids, cancellationToken), features, model.Text.Shape.InputWidth));
            float[] logits = graphs[0].Finite(decoder.RunForFirst(probe.Inputs(decoder, kept: 1), cancellationToken));
            double[] shares = [.. question.Answers.Count == 0 ? logits.Select(logit => (double)logit) : question.Answers.Select(id => (double)logits[id])];
            Probabilities.SoftMax(shares, shares);
            return shares;
        })];

        static GraphRun Open(WrittenGraph graph) => GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
    }

    private PrecisionLoss ComparePart(WrittenGraph embedding)
    {
        const int Steps = 3;
        report(0, Steps);
        TextDecoder part = Part(model.Text);
        WrittenGraph rounded = Twin("rounded", DecoderGraph.Write(Part((Smoothed ?? model).Text), form, style));
        Write(rounded, Steps);
        long[] ids = Ids(1, model.Text.Shape.Vocabulary);
        float[] embeddings = model.Text.Embed([.. ids.Select(id => (int)id)]);
        float[] expected = ReferenceDecoder.Logits(part, ReferenceDecoder.Run(part, embeddings, part.Layers.Count, () => { }, cancellationToken));
        Advance(Steps);
        var logits = new LogitComparison(part.Shape.Vocabulary);
        logits.Add(expected, RunDecoder(part, rounded, Embed(embedding, ids)));
        Advance(Steps);
        return logits.ToLoss($"the first and the last of the language model's {model.Text.Layers.Count} layers, with {part.Shape.Vocabulary} of {model.Text.Shape.Vocabulary} tokens", null);
    }

    /// <summary>The language model without most of its layers and its tokens.</summary>
    private static TextDecoder Part(TextDecoder text)
    {
        int vocabulary = Math.Min(PartVocabulary, text.Shape.Vocabulary);
        return text with
        {
            Shape = text.Shape with { Vocabulary = vocabulary },
            Layers = text.Layers.Count > 1 ? [text.Layers[0], text.Layers[^1]] : text.Layers,
            Head = text.Head.Slice("head.part", 0, vocabulary),
        };
    }

    private WrittenGraph Twin(string name, TransformerGraph blocks) => new(Path.Combine(_folder, $"{name}.onnx"), blocks);

    private void Write(WrittenGraph graph, int steps)
    {
        OnnxFile.Write(graph.Path, graph.Blocks.Graph, ModelConverter.Producer, ModelConverter.Version, (_, _) => { }, cancellationToken);
        Advance(steps);
    }

    private float[] RunVision(WrittenGraph vision, IReadOnlyDictionary<string, VisionInput> image)
    {
        using GraphRun run = GraphRun.Open(vision.Path, prepacks: vision.HasBlocks);
        return vision.Finite(run.RunForFirst(image, cancellationToken));
    }

    private float[] Embed(WrittenGraph embedding, long[] ids)
    {
        using GraphRun run = GraphRun.Open(embedding.Path);
        var input = new VisionInput([1, ids.Length], [.. ids.Select(id => (float)id)]);
        return embedding.Finite(run.RunForFirst(new Dictionary<string, VisionInput> { ["input_ids"] = input }, cancellationToken));
    }

    private float[] RunDecoder(TextDecoder text, WrittenGraph decoder, float[] embeddings, int image = 0)
    {
        using var probe = new DecoderProbe(text.Shape, embeddings, image);
        return decoder.Finite(probe.Logits(decoder, Tokens, cancellationToken));
    }

    private static long[] Ids(int sample, int vocabulary)
    {
        var random = new Random(sample);
        return [.. Enumerable.Range(0, Tokens).Select(_ => random.NextInt64(vocabulary))];
    }

    private void Advance(int steps) => report(++_done, steps);
}

/// <summary>Sums up how far logits are from those that they should be, place by place.</summary>
internal sealed class LogitComparison(int vocabulary)
{
    private double _largest, _differences, _sum, _squares;
    private long _numbers;
    private int _positions, _agreements;

    /// <summary>Adds the logits of some places, [places, vocabulary].</summary>
    public void Add(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(actual.Length, expected.Length);
        for (int start = 0; start < expected.Length; start += vocabulary)
        {
            ReadOnlySpan<float> wanted = expected.Slice(start, vocabulary), got = actual.Slice(start, vocabulary);
            for (int i = 0; i < vocabulary; i++)
            {
                double difference = Math.Abs((double)wanted[i] - got[i]);
                _largest = Math.Max(_largest, difference);
                _differences += difference;
                _sum += wanted[i];
                _squares += (double)wanted[i] * wanted[i];
            }

            _numbers += vocabulary;
            _positions++;
            _agreements += TensorPrimitives.IndexOfMax(wanted) == TensorPrimitives.IndexOfMax(got) ? 1 : 0;
        }
    }

    public PrecisionLoss ToLoss(string scope, double? imageFeatureError)
    {
        double mean = _sum / _numbers;
        return new PrecisionLoss
        {
            Scope = scope,
            Positions = _positions,
            LargestLogitDifference = _largest,
            MeanLogitDifference = _differences / _numbers,
            LogitDeviation = Math.Sqrt(Math.Max(0, (_squares / _numbers) - (mean * mean))),
            TopAgreement = (double)_agreements / _positions,
            ImageFeatureError = imageFeatureError,
        };
    }
}
