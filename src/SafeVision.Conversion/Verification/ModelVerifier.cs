using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Layers;
using SafeVision.Execution;
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
        string modelFile, FamilyModel model, IReadOnlyList<NetworkProbe> probes, Action<int> done, CancellationToken cancellationToken)
    {
        string[] names = [.. model.Network.Outputs.Keys];
        Dictionary<string, float[]> actual = RunOnnx(modelFile, model.Network, probes, names, cancellationToken);
        var goldens = new List<ModelGolden>();
        double largest = 0;
        for (int i = 0; i < probes.Count; i++)
        {
            IReadOnlyDictionary<string, double[]> expected = ReferenceForward.Run(model.Network, probes[i].Inputs, cancellationToken);
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
            done(i + 1);
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
                using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, [.. network.Inputs.Keys], inputs, outputs);
                return outputs.Select((name, i) => (name, values: results[i].GetTensorDataAsSpan<float>().ToArray())).ToDictionary(pair => pair.name, pair => pair.values);
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
