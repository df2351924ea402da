using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Quantization;

public sealed class Float32FormTests
{
    [Fact]
    public void A_linear_layer_and_an_embedding_are_what_their_formulas_say()
    {
        using var folder = new TemporaryFolder();
        WeightMatrix table = WeightMatrix.From(StoredTensor.FromSingles("table", [3, 2], [1, 2, 3, 4, 5, 6]));
        WeightMatrix weight = WeightMatrix.From(StoredTensor.FromSingles("weight", [3, 2], [1, 0, 0, 1, 1, 1]));
        IWeightForm form = WeightForms.Find("float32");
        var graph = new OnnxGraph("form");
        graph.Input(graph.Claim("ids"), DataType.Int64, ("batch", null), ("length", null));
        string rows = form.Embedding(graph, table, "ids");
        string y = form.Linear(graph, new LinearLayer("layer", weight, [10, 20, 30], LinearRole.Head, 0, 1), rows);
        graph.Output(y, ("batch", null), ("length", null), ("features", 3));
        OnnxFile.Write(folder.PathOf("m.onnx"), graph, "test", "1", (_, _) => { }, CancellationToken.None);

        using InferenceSession session = OnnxRuntime.Open(folder.PathOf("m.onnx"), OnnxRuntime.CreateOptions());
        using OrtValue ids = OrtValue.CreateTensorValueFromMemory([2L, 0], [1, 2]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, ["ids"], [ids], [y]);
        Assert.Equal([15f, 26, 41, 11, 22, 33], results[0].GetTensorDataAsSpan<float>().ToArray());
    }

    [Fact]
    public void An_unknown_precision_is_refused_with_what_is_known() =>
        Assert.Contains("float32", Assert.Throws<CheckpointException>(() => WeightForms.Find("int3")).Message, StringComparison.Ordinal);
}
