using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Each token's features brought to mean 0 and variance 1, then scaled and shifted (Ba et al., arXiv 1607.06450).</summary>
internal sealed class LayerNormalization : Layer
{
    private readonly StoredTensor _gamma;
    private readonly StoredTensor _beta;
    private readonly double _epsilon;

    public LayerNormalization(string name, Layer input, StoredTensor gamma, StoredTensor beta, double epsilon)
        : base(name, [.. input.Shape], input)
    {
        Require(gamma.Count == input.Features && beta.Count == input.Features, name, $"gamma or beta do not fit {input.Features} features");
        Require(epsilon > 0, name, "epsilon must be above 0");
        (_gamma, _beta, _epsilon) = (gamma, beta, epsilon);
    }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) => graph.Node(
        "LayerNormalization", output, [inputs[0], weights.AddSmall(_gamma), weights.AddSmall(_beta)],
        OnnxAttribute.Integer("axis", -1), OnnxAttribute.Number("epsilon", _epsilon));

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] gamma = _gamma.ToDouble(), beta = _beta.ToDouble(), result = [.. inputs[0]];
        for (int start = 0; start < result.Length; start += Features)
        {
            Span<double> row = result.AsSpan(start, Features);
            double mean = 0, variance = 0;
            foreach (double value in row)
            {
                mean += value / Features;
            }

            foreach (double value in row)
            {
                variance += (value - mean) * (value - mean) / Features;
            }

            for (int i = 0; i < row.Length; i++)
            {
                row[i] = ((row[i] - mean) / Math.Sqrt(variance + _epsilon) * gamma[i]) + beta[i];
            }
        }

        return result;
    }
}
