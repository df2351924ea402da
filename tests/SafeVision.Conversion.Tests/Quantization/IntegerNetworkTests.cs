using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>A small network of five convolutions, of which every second is by channel and without a bias, made to compute in integers.</summary>
public sealed class IntegerNetworkTests : IDisposable
{
    private const int Side = 16;
    private const int Channels = 8;

    private static readonly long[] s_shape = [1, 3, Side, Side];

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Corrected_biases_take_back_what_rounding_shifts_channels_by(int seed)
    {
        var random = new Random(seed);
        byte[] network = Network(random);
        float[][] images = Images(random, 24), others = Images(random, 24);
        string source = _folder.PathOf("network.onnx"), made = _folder.PathOf("integers.onnx");
        File.WriteAllBytes(source, network);
        new IntegerNetwork(images, s_shape, (_, _) => { }, TestContext.Current.CancellationToken).Write(source, made);

        double corrected = Shift(network, File.ReadAllBytes(made), others), plain = Shift(network, Uncorrected(network, images), others);
        Assert.True(corrected < plain / 4, $"{corrected} of {plain}");
    }

    [Fact]
    public void The_first_two_convolutions_stay_in_float32_and_the_others_do_not()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(Network(new Random(1)));
        Assert.Equal(["third", "fourth", "fifth"], new IntegerGraph(model.Graph).Convolutions);
    }

    /// <summary>How far the channels of the result are off on average, root mean square.</summary>
    private static double Shift(byte[] exact, byte[] rounded, float[][] images)
    {
        double[] sums = new double[Channels];
        foreach (float[] image in images)
        {
            float[] right = Run(exact, image), wrong = Run(rounded, image);
            for (int i = 0; i < right.Length; i++)
            {
                sums[i / (right.Length / Channels)] += (wrong[i] - right[i]) / (right.Length / Channels * images.Length);
            }
        }

        return Math.Sqrt(sums.Average(sum => sum * sum));
    }

    private static byte[] Uncorrected(byte[] network, float[][] images)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(network);
        var graph = new IntegerGraph(model.Graph);
        var ranges = graph.Activations.ToDictionary(name => name, name =>
        {
            ModelProto probe = ModelProto.Parser.ParseFrom(network);
            probe.Graph.Output[0] = new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float } } };
            float[] numbers = [.. images.SelectMany(image => name == "input" ? image : Run(probe.ToByteArray(), image))];
            return (Math.Min(0, numbers.Min()), numbers.Max());
        });
        graph.Rewrite(ranges, new Dictionary<string, float[]>());
        return model.ToByteArray();
    }

    private static float[] Run(byte[] model, float[] image)
    {
        using SessionOptions options = OnnxRuntime.CreateOptions();
        using InferenceSession session = OnnxRuntime.Open(model, options);
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(image, s_shape);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, ["input"], [value], session.OutputNames);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static float[][] Images(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 3 * Side * Side).Select(_ => (float)random.NextDouble()).ToArray())];

    /// <summary>Most weights are small beside the largest of their channel, so that rounding shifts what they add up to.</summary>
    private static byte[] Network(Random random)
    {
        var graph = new OnnxGraph("network");
        graph.Input(graph.Claim("input"), TensorProto.Types.DataType.Float, ("batch", 1), ("channels", 3), ("height", Side), ("width", Side));
        string Weights(string name, int outputs, int inputs, int size) => graph.Singles(
            name, [.. Enumerable.Range(0, outputs * inputs * size * size).Select(i => i % (inputs * size * size) == 0 ? 1f : (float)(0.015 * random.NextDouble()))], outputs, inputs, size, size);
        string Convolve(string name, string input, int outputs, int inputs, int size, bool biased, params AttributeProto[] more)
        {
            string[] given = [input, Weights($"{name}.weights", outputs, inputs, size)];
            return graph.Node("Conv", graph.Claim(name), biased ? [.. given, graph.Singles($"{name}.bias", new float[outputs], outputs)] : given, more);
        }

        string Cut(string input) => graph.Node("Clip", graph.Claim($"{input}.cut"), [input, graph.Singles($"{input}.least", [0f]), graph.Singles($"{input}.most", [6f])]);
        string ByChannel(string name, string input) => Cut(Convolve(name, input, Channels, 1, 3, biased: false, OnnxAttribute.Integer("group", Channels)));
        string second = ByChannel("second", Cut(Convolve("first", "input", Channels, 3, 3, biased: true)));
        string fourth = ByChannel("fourth", Cut(Convolve("third", second, Channels, Channels, 1, biased: true)));
        string fifth = Convolve("fifth", fourth, Channels, Channels, 1, biased: true);
        graph.Output(graph.Node("Identity", graph.Claim("output"), [fifth]), ("batch", 1), ("channels", Channels), ("height", Side - 6), ("width", Side - 6));
        var model = new ModelProto { IrVersion = 8, Graph = graph.Proto };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return model.ToByteArray();
    }

    public void Dispose() => _folder.Dispose();
}
