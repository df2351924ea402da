namespace SafeVision.Conversion.Verification;

/// <summary>Records what written graphs yield for inputs made from a seed, so that another machine can tell whether it computes the same.</summary>
internal static class ModelGoldens
{
    private const int Numbers = 8;
    private const double RoundedTolerance = 5e-2; // processors round what they quantise on the way in different places
    private const int Tokens = 5;
    private const ulong Seed = 11;
    private const long MostBytes = 3L << 30; // of weights; more would have to be held only for this
    private const long MostMultiplications = 120_000_000_000; // of a vision tower; so many take about a second

    private static readonly ulong[] s_seeds = [1, 2, 3];

    /// <summary>Three goldens for each encoder.</summary>
    public static IReadOnlyList<ModelGolden> Record(IReadOnlyList<(IEncoder Encoder, WrittenGraph Graph)> encoders, IWeightForm form, CancellationToken cancellationToken)
    {
        var goldens = new List<ModelGolden>();
        foreach ((IEncoder encoder, WrittenGraph graph) in encoders)
        {
            using GraphRun run = GraphRun.Open(graph.Path, prepacks: graph.HasBlocks);
            foreach (ulong seed in s_seeds)
            {
                IReadOnlyDictionary<string, VisionInput> inputs = encoder.Probe(seed);
                (string input, VisionInput value) = inputs.Single();
                string kind = input == ImageInput.Name ? "noise" : "text";
                goldens.Add(Of($"{kind}-{seed}", seed, value.Shape, inputs, encoder.Output, run.RunForFirst(inputs, cancellationToken), form));
            }
        }

        return goldens;
    }

    /// <summary>One golden for the vision tower and one for the decoder; none for a graph too large to be run for it.</summary>
    public static IReadOnlyList<ModelGolden> Record(VisionLanguageModel model, IWeightForm form, WrittenGraph decoder, WrittenGraph vision, CancellationToken cancellationToken)
    {
        var goldens = new List<ModelGolden>();
        IReadOnlyDictionary<string, VisionInput> inputs = model.Vision.Probe(Seed);
        VisionTransformer tower = model.Vision.Layers;
        int tokens = model.Vision.ReferenceEmbed(inputs).Length / tower.Width;
        if (vision.WeightBytes <= MostBytes && (tower.Layers.Count == 0 || ReferenceVision.Cost(tower, tokens) <= MostMultiplications / tower.Layers.Count))
        {
            using GraphRun run = GraphRun.Open(vision.Path, prepacks: vision.HasBlocks);
            goldens.Add(Of("image", Seed, inputs[ImageInput.Name].Shape, inputs, "image_features", run.RunForFirst(inputs, cancellationToken), form));
        }

        if (decoder.WeightBytes <= MostBytes)
        {
            int[] shape = [1, Tokens, model.Text.Shape.InputWidth];
            using var probe = new DecoderProbe(model.Text.Shape, VisionInput.Noise(Seed, shape).Numbers);
            goldens.Add(Of("prompt", Seed, shape, new Dictionary<string, VisionInput>(), "logits", probe.Logits(decoder, 1, cancellationToken), form));
        }

        return goldens;
    }

    /// <summary>A golden; pixels are made of the seed again, and other inputs are written down.</summary>
    private static ModelGolden Of(
        string name, ulong seed, int[] shape, IReadOnlyDictionary<string, VisionInput> inputs, string output, float[] result, IWeightForm form) =>
        new()
        {
            Name = name,
            Seed = seed,
            Shape = shape,
            Inputs = inputs.Where(input => input.Key != ImageInput.Name).ToDictionary(
                input => input.Key, input => (IReadOnlyList<long>)[.. input.Value.Numbers.Select(number => (long)number)]),
            Output = output,
            Outputs = result[..Math.Min(Numbers, result.Length)],
            Tolerance = form is Float32Form ? null : RoundedTolerance,
        };
}
