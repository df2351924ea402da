using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Quantization;
using SafeVision.Models;

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
                bool isPicture = input == PictureInput.Name;
                goldens.Add(new ModelGolden
                {
                    Name = $"{(isPicture ? "noise" : "text")}-{seed}",
                    Seed = seed,
                    Shape = value.Shape,
                    Inputs = isPicture ? new Dictionary<string, IReadOnlyList<long>>() : new Dictionary<string, IReadOnlyList<long>> { [input] = [.. value.Numbers.Select(number => (long)number)] },
                    Output = encoder.Output,
                    Outputs = result[..Math.Min(Numbers, result.Length)],
                    Tolerance = form is Float32Form ? null : RoundedTolerance,
                });
            }
        }

        return goldens;
    }
}
