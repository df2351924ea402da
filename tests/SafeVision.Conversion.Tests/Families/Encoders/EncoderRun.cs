using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Tests.Families.VisionLanguage;
using SafeVision.Conversion.Verification;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Runs graphs of encoders, whole or up to a layer.</summary>
internal static class EncoderRun
{
    /// <summary>One output of a graph file.</summary>
    public static float[] Run(string file, string input, Golden golden, string output)
    {
        using InferenceSession session = OnnxRuntime.Open(file, OnnxRuntime.CreateOptions());
        bool takesIds = session.InputMetadata[input].ElementDataType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Int64;
        using OrtValue value = takesIds
            ? OrtValue.CreateTensorValueFromMemory(golden.Integers, golden.Shape)
            : OrtValue.CreateTensorValueFromMemory(golden.Numbers, golden.Shape);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, [input], [value], [output]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>What goes into each layer of an encoder, and what comes out of the last, normalised where there is a norm.</summary>
    public static IEnumerable<float[]> Hidden(string folder, IEncoder encoder, Golden golden, int items)
    {
        var graph = new WrittenGraph(Path.Combine(folder, $"{encoder.Name}.onnx"), encoder.Write(new Float32Form()));
        OnnxFile.Write(graph.Path, graph.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
        string input = encoder.Probe(1).Keys.Single();
        int size = golden.Numbers.Length / (int)golden.Shape[0];
        var some = new VisionInput([items, .. golden.Shape.Skip(1).Select(length => (int)length)], golden.Numbers[..(items * size)]);
        foreach (string value in graph.Blocks.Hidden.Append(graph.Blocks.Final).Distinct())
        {
            using GraphRun run = GraphRun.Open(graph.Path, graph.Cut([], value));
            yield return run.RunForFirst(new Dictionary<string, VisionInput> { [input] = some }, CancellationToken.None);
        }
    }
}
