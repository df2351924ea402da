using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>The rows of a table in order, as many as there are tokens, one more row added to each: positions and the only token type.</summary>
internal sealed class Positions : Layer
{
    private readonly StoredTensor _table; // [positions, features], with the type's row added

    public Positions(string name, Layer tokens, StoredTensor positions, StoredTensor types)
        : base(name, [Open, positions.Shape[1]], tokens)
    {
        Require(positions.Shape.Count == 2 && types.Shape.Count == 2 && types.Shape[0] > 0 && types.Shape[1] == positions.Shape[1], name, "positions and types have rows of different lengths");
        double[] type = types.ToDouble();
        _table = StoredTensor.FromSingles(name, positions.Shape, [.. positions.ToDouble().Select((value, i) => (float)(value + type[i % Features]))]);
    }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string count = graph.Node("Shape", graph.Claim($"{Name}/count"), [inputs[0]], OnnxAttribute.Integer("start", 1), OnnxAttribute.Integer("end", 2));
        graph.Node("Slice", output, [weights.Add(_table), graph.Integers($"{Name}/start", [0], 1), count, graph.Integers($"{Name}/axis", [0], 1)]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs) => _table.ToDouble()[..(inputs[0].Length * Features)];
}
