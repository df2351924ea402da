namespace SafeVision.Conversion.Verification;

/// <summary>Records what written encoders yield for inputs made from a seed, so that another machine can tell whether it computes the same.</summary>
internal static class EncoderGoldens
{
    private const int Numbers = 8;
    private const double RoundedTolerance = 5e-2; // processors round what they quantise on the way in different places

    private static readonly ulong[] s_seeds = [1, 2, 3];

    public static IReadOnlyList<ModelGolden> Record(IReadOnlyList<(IEncoder Encoder, WrittenGraph Graph)> encoders, IWeightForm form, CancellationToken cancellationToken)
    {
        var goldens = new List<ModelGolden>();
        foreach ((IEncoder encoder, WrittenGraph graph) in encoders)
        {
            using GraphRun run = GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
            foreach (ulong seed in s_seeds)
            {
                IReadOnlyDictionary<string, VisionInput> inputs = encoder.Probe(seed);
                float[] result = run.RunForFirst(inputs, cancellationToken);
                (string input, VisionInput value) = inputs.Single();
                bool isImage = input == ImageInput.Name;
                goldens.Add(new ModelGolden
                {
                    Name = $"{(isImage ? "noise" : "text")}-{seed}",
                    Seed = seed,
                    Shape = value.Shape,
                    Inputs = isImage ? new Dictionary<string, IReadOnlyList<long>>() : new Dictionary<string, IReadOnlyList<long>> { [input] = [.. value.Numbers.Select(number => (long)number)] },
                    Output = encoder.Output,
                    Outputs = result[..Math.Min(Numbers, result.Length)],
                    Tolerance = form is Float32Form ? null : RoundedTolerance,
                });
            }
        }

        return goldens;
    }
}

/// <summary>Records what the written graphs yield for inputs made from a seed, so that another machine can tell whether it computes the same.</summary>
internal static class VisionLanguageGoldens
{
    private const int Tokens = 5;
    private const int Numbers = 8;
    private const ulong Seed = 11;
    private const double RoundedTolerance = 5e-2; // processors round what they quantise on the way in different places
    private const long MostBytes = 3L << 30; // of weights; more would have to be held only for this
    private const long MostMultiplications = 120_000_000_000; // of a vision tower; so many take about a second

    /// <summary>One golden for the vision tower and one for the decoder; none for a graph too large to be run for it.</summary>
    public static IReadOnlyList<ModelGolden> Record(VisionLanguageModel model, IWeightForm form, WrittenGraph decoder, WrittenGraph vision, CancellationToken cancellationToken)
    {
        double? tolerance = form is Float32Form ? null : RoundedTolerance;
        var goldens = new List<ModelGolden>();
        IReadOnlyDictionary<string, VisionInput> inputs = model.Vision.Probe(Seed);
        VisionTransformer tower = model.Vision.Layers;
        int tokens = model.Vision.ReferenceEmbed(inputs).Length / tower.Width;
        if (vision.WeightBytes <= MostBytes && (tower.Layers.Count == 0 || ReferenceVision.Cost(tower, tokens) <= MostMultiplications / tower.Layers.Count))
        {
            using GraphRun run = GraphRun.Open(vision.Path, prepacks: vision.HasBlocks);
            float[] features = run.RunForFirst(inputs, cancellationToken);
            goldens.Add(new ModelGolden
            {
                Name = "image",
                Seed = Seed,
                Shape = inputs["pixel_values"].Shape,
                Inputs = inputs.Where(input => input.Key != "pixel_values").ToDictionary(
                    input => input.Key, input => (IReadOnlyList<long>)[.. input.Value.Numbers.Select(number => (long)number)]),
                Output = "image_features",
                Outputs = features[..Math.Min(Numbers, features.Length)],
                Tolerance = tolerance,
            });
        }

        if (decoder.WeightBytes <= MostBytes)
        {
            int[] shape = [1, Tokens, model.Text.Shape.InputWidth];
            using var probe = new DecoderProbe(model.Text.Shape, VisionInput.Noise(Seed, shape).Numbers);
            float[] logits = probe.Logits(decoder, 1, cancellationToken);
            goldens.Add(new ModelGolden
            {
                Name = "prompt",
                Seed = Seed,
                Shape = shape,
                Output = "logits",
                Outputs = logits[..Math.Min(Numbers, logits.Length)],
                Tolerance = tolerance,
            });
        }

        return goldens;
    }
}
