using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Benchmarks.Linears;

/// <summary>
/// What a linear layer of a vision-language model costs in each form of its weights, and how far its result is from that of
/// float32: what the choice of forms for a precision stands on.
/// </summary>
internal static class LinearComparison
{
    private const int Layers = 4; // of the same size, so that weights come from memory as in a model, not from the cache
    private const int Rounds = 15;

    private static readonly (string Name, int Tokens, int Inputs, int Outputs)[] s_cases =
    [
        ("decode, gate of Qwen2-0.5B", 1, 896, 4864),
        ("decode, down of Qwen2-0.5B", 1, 4864, 896),
        ("prefill, gate of Qwen2-0.5B", 256, 896, 4864),
        ("one tile, fc1 of InternViT-300M", 1025, 1024, 4096),
    ];

    private static readonly (string Name, Func<OnnxGraph, LinearLayer, string, string> Add)[] s_forms =
    [
        ("float32", new Float32Form().Linear),
        ("4 bits, blocks of 32", (graph, layer, input) => BlockMatMul.Add(graph, layer, new BlockFormat(4, 32), input)),
        ("4 bits, blocks of 64", (graph, layer, input) => BlockMatMul.Add(graph, layer, new BlockFormat(4, 64), input)),
        ("4 bits, blocks of 128", (graph, layer, input) => BlockMatMul.Add(graph, layer, new BlockFormat(4, 128), input)),
        ("8 bits, blocks of 32", (graph, layer, input) => BlockMatMul.Add(graph, layer, new BlockFormat(8, 32), input)),
        ("8 bits, blocks of 128", (graph, layer, input) => BlockMatMul.Add(graph, layer, new BlockFormat(8, 128), input)),
        ("dynamic int8", DynamicMatMul.Add),
        ("dynamic int8, row by row", DynamicMatMul.AddByRow),
    ];

    public static void Run(TextWriter output)
    {
        string folder = Directory.CreateTempSubdirectory("linears-").FullName;
        try
        {
            foreach ((string name, int tokens, int inputs, int outputs) in s_cases)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{name}: {tokens} × {inputs} → {outputs}\n"));
                output.WriteLine("| weights | bits each | ms | cpu ms | relative error |");
                output.WriteLine("|---|--:|--:|--:|--:|");
                float[] x = Normal(tokens * inputs, 1, 1);
                float[]? expected = null;
                foreach ((string form, Func<OnnxGraph, LinearLayer, string, string> add) in s_forms)
                {
                    string path = Path.Combine(folder, "linear.onnx");
                    Write(path, add, inputs, outputs);
                    (float[] y, Lap lap) = Measure(path, x, tokens, inputs);
                    expected ??= y;
                    double bits = Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length) * 8.0 / Layers / inputs / outputs;
                    output.WriteLine(string.Create(
                        CultureInfo.InvariantCulture, $"| {form} | {bits:0.0} | {lap.Wall / Layers:0.000} | {lap.Processor / Layers:0.000} | {RelativeError(expected, y):0.0000} |"));
                    Array.ForEach(Directory.GetFiles(folder), File.Delete);
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string path, Func<OnnxGraph, LinearLayer, string, string> add, int inputs, int outputs)
    {
        var graph = new OnnxGraph("linear");
        graph.Input(graph.Claim("x"), DataType.Float, ("tokens", null), ("inputs", inputs));
        for (int i = 0; i < Layers; i++)
        {
            StoredTensor weight = StoredTensor.FromSingles($"w{i}", [outputs, inputs], Normal(outputs * inputs, 0.02, i + 2));
            string y = add(graph, new LinearLayer($"layer{i}", WeightMatrix.From(weight), null, LinearRole.TextMlp, 1, 24), "x");
            graph.Output(graph.Node("Identity", graph.Claim($"y{i}"), [y]), ("tokens", null), ("outputs", outputs));
        }

        OnnxFile.Write(path, graph, "benchmark", "1", (_, _) => { }, CancellationToken.None);
    }

    private static (float[] Result, Lap Lap) Measure(string path, float[] x, int tokens, int inputs)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions();
        options.IntraOpNumThreads = Environment.ProcessorCount;
        using InferenceSession session = OnnxRuntime.Open(path, options);
        using var run = new RunOptions();
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(x, [tokens, inputs]);
        string[] names = [.. session.OutputMetadata.Keys];
        var laps = new List<Lap>();
        float[] result = [];
        for (int round = 0; round < Rounds + 3; round++)
        {
            var clock = Stopclock.Start();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["x"], [value], names);
            if (round >= 3)
            {
                laps.Add(clock.Stop());
            }

            result = results[0].GetTensorDataAsSpan<float>().ToArray();
        }

        return (result, Lap.Median(laps));
    }

    private static double RelativeError(float[] expected, float[] actual)
    {
        double error = 0, power = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += Math.Pow(actual[i] - expected[i], 2);
            power += Math.Pow(expected[i], 2);
        }

        return Math.Sqrt(error / power);
    }

    private static float[] Normal(int count, double deviation, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }

        return values;
    }
}
