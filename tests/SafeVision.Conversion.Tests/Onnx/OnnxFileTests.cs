using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Onnx;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Onnx;

public sealed class OnnxFileTests
{
    [Theory]
    [InlineData(3, false)]
    [InlineData((int)(OnnxFile.MostInside / sizeof(float)) + 3, true)]
    public void Deferred_weights_reach_the_runtime_from_inside_and_from_a_second_file(int count, bool isOutside)
    {
        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("sum");
        graph.Input(graph.Claim("x"), DataType.Float, ("one", 1));
        string pad = graph.Deferred("pad", DataType.Float, [1], 4, stream => stream.Write(BitConverter.GetBytes(0.25f)));
        string many = graph.Deferred("many", DataType.Float, [count], (long)count * sizeof(float), stream =>
        {
            stream.Write(new byte[(count - 1) * sizeof(float)]);
            stream.Write(BitConverter.GetBytes(2f));
        });
        string total = graph.Node("ReduceSum", graph.Claim("total"), [many], OnnxAttribute.Integer("keepdims", 0));
        graph.Node("Sum", graph.Claim("y"), ["x", pad, total]);
        graph.Output("y", ("one", 1));

        var progress = new List<(long Done, long Total)>();
        WrittenModel written = OnnxFile.Write(folder.PathOf("m.onnx"), graph, "test", "1", (done, all) => progress.Add((done, all)), CancellationToken.None);
        Assert.Equal(isOutside, File.Exists(folder.PathOf("m.onnx_data")));
        Assert.Equal(isOutside ? Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder.PathOf("m.onnx_data")))) : null, written.DataSha256);
        Assert.Equal(written.Bytes, Directory.EnumerateFiles(folder.Root).Sum(file => new FileInfo(file).Length));
        Assert.Equal((written.Bytes, written.Bytes), progress[^1]);
        Assert.Equal(progress.Select(report => report.Done), progress.Select(report => report.Done).Order());

        using InferenceSession session = OnnxRuntime.Open(folder.PathOf("m.onnx"), OnnxRuntime.CreateOptions());
        using OrtValue x = OrtValue.CreateTensorValueFromMemory([1f], [1]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, ["x"], [x], ["y"]);
        Assert.Equal(3.25f, results[0].GetTensorDataAsSpan<float>()[0]);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(OnnxFile.MostInside + 8)]
    public void Weights_of_another_length_than_announced_are_a_defect_that_is_seen(long length)
    {
        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("short");
        graph.Deferred("w", DataType.Float, [1], length, stream => stream.Write([1, 2]));
        Assert.Throws<InvalidOperationException>(() => OnnxFile.Write(folder.PathOf("m.onnx"), graph, "test", "1", (_, _) => { }, CancellationToken.None));
    }
}
