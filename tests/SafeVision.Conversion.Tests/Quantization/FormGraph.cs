using Microsoft.ML.OnnxRuntime;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Quantization;

/// <summary>Graphs of one layer, run by ONNX Runtime.</summary>
internal static class FormGraph
{
    public delegate string AddLinear(OnnxGraph graph, LinearLayer layer, string input);

    /// <summary><c>x·Wᵀ + b</c> for rows x, and the operators that it was written as.</summary>
    public static (float[] Result, string[] Operators) Linear(TemporaryFolder folder, AddLinear add, LinearLayer layer, float[] x)
    {
        var graph = new OnnxGraph("linear");
        graph.Input(graph.Claim("x"), DataType.Float, ("rows", null), ("columns", layer.Weight.Columns));
        graph.Output(graph.Node("Identity", graph.Claim("y"), [add(graph, layer, "x")]), ("rows", null), ("outputs", layer.Weight.Rows));
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(x, [x.Length / layer.Weight.Columns, layer.Weight.Columns]);
        return (Run(folder, graph, "x", value), [.. graph.Proto.Node.Select(node => node.OpType)]);
    }

    /// <summary>The rows of a table that some ids look up.</summary>
    public static float[] Embedding(TemporaryFolder folder, IWeightForm form, WeightMatrix table, long[] ids)
    {
        var graph = new OnnxGraph("embedding");
        graph.Input(graph.Claim("ids"), DataType.Int64, ("batch", null), ("length", null));
        string rows = form.Embedding(graph, table, "ids");
        string y = graph.Node("Cast", graph.Claim("y"), [rows], OnnxAttribute.Integer("to", (int)DataType.Float));
        graph.Output(y, ("batch", null), ("length", null), ("features", table.Columns));
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]);
        return Run(folder, graph, "ids", value);
    }

    /// <summary>The same for a form whose layers compute in another type: casts stand at both ends.</summary>
    public static string AddCast(IWeightForm form, OnnxGraph graph, LinearLayer layer, string input)
    {
        string x = graph.Node("Cast", graph.Claim("in"), [input], OnnxAttribute.Integer("to", (int)form.Activations));
        return graph.Node("Cast", graph.Claim("out"), [form.Linear(graph, layer, x)], OnnxAttribute.Integer("to", (int)DataType.Float));
    }

    public static WeightMatrix Matrix(int rows, int columns, float[] values, string name = "weight") =>
        WeightMatrix.From(StoredTensor.FromSingles(name, [rows, columns], values));

    private static float[] Run(TemporaryFolder folder, OnnxGraph graph, string input, OrtValue value)
    {
        string path = folder.PathOf("form.onnx");
        OnnxFile.Write(path, graph, "test", "1", (_, _) => { }, CancellationToken.None);
        using InferenceSession session = OnnxRuntime.Open(path, OnnxRuntime.CreateOptions());
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, [input], [value], ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
