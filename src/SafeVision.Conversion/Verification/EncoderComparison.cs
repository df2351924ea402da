namespace SafeVision.Conversion.Verification;

/// <summary>Runs encoders of rounded weights and their float32 twins, written for this only, on the same images and texts: what
/// becomes of a classifier's logits, or of the logits of each image with each text.</summary>
internal sealed class EncoderComparison(string parentFolder, Action<long, long> report, CancellationToken cancellationToken)
{
    /// <summary>The most bytes of float32 weights that are compared where nothing else is said.</summary>
    public const long MostBytes = 1536L << 20;

    private const int Samples = 8;

    /// <summary>Null where the twins would be larger than <paramref name="mostBytes"/>.</summary>
    /// <exception cref="CheckpointException">The rounded model yields NaN.</exception>
    public PrecisionLoss? Measure(IReadOnlyList<(IEncoder Encoder, WrittenGraph Graph)> rounded, ContrastiveSettings? pair, long mostBytes)
    {
        string folder = Path.Combine(parentFolder, "float32-twin");
        (IEncoder Encoder, WrittenGraph Graph)[] twins =
            [.. rounded.Select(one => (one.Encoder, new WrittenGraph(Path.Combine(folder, $"{one.Encoder.Name}.onnx"), one.Encoder.Write(new Float32Form()))))];
        if (twins.Sum(twin => twin.Graph.WeightBytes) > mostBytes)
        {
            return null;
        }

        Directory.CreateDirectory(folder);
        try
        {
            int total = 2 * twins.Length;
            report(0, total);
            var expected = new List<float[]>();
            var actual = new List<float[]>();
            for (int i = 0; i < twins.Length; i++)
            {
                WrittenGraph graph = twins[i].Graph;
                OnnxFile.Write(graph.Path, graph.Blocks.Graph, ModelConverter.Producer, ModelConverter.Version, (_, _) => { }, cancellationToken);
                expected.Add(Run(twins[i].Encoder, graph));
                report((2 * i) + 1, total);
                actual.Add(Run(rounded[i].Encoder, rounded[i].Graph));
                report((2 * i) + 2, total);
            }

            return pair is null ? Compare(expected[0], actual[0], null) : Compare(Logits(expected, pair), Logits(actual, pair), GraphComparison.Error(expected[0], actual[0]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static PrecisionLoss Compare(float[] expected, float[] actual, double? imageFeatureError)
    {
        var logits = new LogitComparison(expected.Length / Samples);
        logits.Add(expected, actual);
        return logits.ToLoss("whole model", imageFeatureError);
    }

    /// <summary>[images, texts].</summary>
    private static float[] Logits(List<float[]> vectors, ContrastiveSettings pair)
    {
        int size = vectors[0].Length / Samples;
        float[] logits = new float[Samples * Samples];
        for (int i = 0; i < logits.Length; i++)
        {
            float cosine = TensorPrimitives.CosineSimilarity(vectors[0].AsSpan(i / Samples * size, size), vectors[1].AsSpan(i % Samples * size, size));
            logits[i] = (float)((pair.LogitScale * cosine) + pair.LogitBias);
        }

        return logits;
    }

    private float[] Run(IEncoder encoder, WrittenGraph graph)
    {
        using GraphRun run = GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
        return graph.Finite([.. Enumerable.Range(1, Samples).SelectMany(seed => run.RunForFirst(encoder.Probe((ulong)seed), cancellationToken))]);
    }
}
