using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Layers;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion.Verification;

/// <summary>
/// Runs a written graph on ONNX Runtime and holds every output against the plain computation of the same network. The
/// goldens are the numbers of the plain computation, so that they do not depend on the machine that made them.
/// </summary>
internal static class ModelVerifier
{
    /// <summary>The largest difference, relative to the largest number of an output, that summing in another order explains.</summary>
    public const double Tolerance = 1e-4;

    private const int GoldenNumbers = 8;

    /// <exception cref="ExecutionProviderException">The native ONNX Runtime is missing.</exception>
    /// <exception cref="CheckpointException">The graph gives other numbers, or numbers that are none.</exception>
    public static (IReadOnlyList<ModelGolden> Goldens, double LargestDifference) Verify(
        string modelFile, FamilyModel model, IReadOnlyList<NetworkProbe> probes, Action<long, long> done, CancellationToken cancellationToken)
    {
        long layers = 0, total = (long)model.Network.InOrder().Count * probes.Count;
        done(0, total);
        string[] names = [.. model.Network.Outputs.Keys];
        Dictionary<string, float[]> actual = RunOnnx(modelFile, model.Network, probes, names, cancellationToken);
        var goldens = new List<ModelGolden>();
        double largest = 0;
        for (int i = 0; i < probes.Count; i++)
        {
            IReadOnlyDictionary<string, double[]> expected = ReferenceForward.Run(model.Network, probes[i].Inputs, () => done(++layers, total), cancellationToken);
            foreach (string name in names)
            {
                float[] wanted = [.. expected[name].Select(value => (float)value)];
                int start = model.Network.Outputs[name] is Constant ? 0 : i * wanted.Length;
                double difference = ProviderSelfCheck.RelativeDifference(wanted, actual[name].AsSpan(start, wanted.Length));
                if (!(difference <= Tolerance))
                {
                    throw new CheckpointException(
                        $"{modelFile}: the output '{name}' for {probes[i].Golden.Name} differs from the plain computation by {difference:0.0e+0} (more than {Tolerance:0.0e+0}); the weights may be damaged, or this is a defect of the converter.");
                }

                largest = Math.Max(largest, difference);
            }

            goldens.Add(probes[i].Golden with { Outputs = [.. expected[probes[i].Golden.Output].Take(GoldenNumbers).Select(value => (float)value)] });
        }

        return (goldens, largest);
    }

    private static Dictionary<string, float[]> RunOnnx(
        string modelFile, Network network, IReadOnlyList<NetworkProbe> probes, string[] outputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ProviderCatalog.Environment(); // says which package is missing when the native library is
        try
        {
            using var options = new SessionOptions();
            using var session = new InferenceSession(modelFile, options);
            using var run = new RunOptions();
            OrtValue[] inputs = [.. network.Inputs.Select(input => NetworkProbe.Batch(probes, input.Key, input.Value.Shape))];
            try
            {
                var values = new Dictionary<string, float[]>();
                ModelSession.Run(
                    run,
                    values,
                    (runOptions, values) =>
                    {
                        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(runOptions, [.. network.Inputs.Keys], inputs, outputs);
                        for (int i = 0; i < outputs.Length; i++)
                        {
                            values[outputs[i]] = results[i].GetTensorDataAsSpan<float>().ToArray();
                        }
                    },
                    cancellationToken);
                return values;
            }
            finally
            {
                Array.ForEach(inputs, input => input.Dispose());
            }
        }
        catch (OnnxRuntimeException exception)
        {
            throw new CheckpointException($"{modelFile}: ONNX Runtime does not run the converted graph. {exception.Message}", exception);
        }
    }
}
