using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Gaussian error linear units, exact: <c>x · Φ(x)</c> (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
internal sealed class Gelu(string name, Layer input) : Layer(name, [.. input.Shape], input)
{
    // ONNX Runtime knows this row of nodes and fuses it into one.
    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string scaled = graph.Node("Div", graph.Claim($"{Name}/scaled"), [inputs[0], graph.Singles($"{Name}/root", [MathF.Sqrt(2)])]);
        string error = graph.Node("Erf", graph.Claim($"{Name}/erf"), [scaled]);
        string shifted = graph.Node("Add", graph.Claim($"{Name}/shifted"), [error, graph.Singles($"{Name}/one", [1])]);
        string product = graph.Node("Mul", graph.Claim($"{Name}/product"), [inputs[0], shifted]);
        graph.Node("Mul", output, [product, graph.Singles($"{Name}/half", [0.5f])]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs) => [.. inputs[0].Select(x => x / 2 * (1 + ErrorFunction(x / Math.Sqrt(2))))];

    /// <summary>erf by its Taylor series near 0 and by the continued fraction of erfc beyond (Abramowitz and Stegun, 7.1.6 and 7.1.14).</summary>
    internal static double ErrorFunction(double x)
    {
        double z = Math.Abs(x);
        if (z > 6)
        {
            return Math.Sign(x);
        }

        if (z < 2.5)
        {
            double term = z, sum = z;
            for (int n = 1; Math.Abs(term) > 1e-17 * sum; n++)
            {
                term *= 2 * z * z / ((2 * n) + 1);
                sum += term;
            }

            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum;
        }

        double fraction = z;
        for (int n = 60; n > 0; n--)
        {
            fraction = z + (n / 2.0 / fraction);
        }

        return Math.Sign(x) * (1 - (Math.Exp(-z * z) / (Math.Sqrt(Math.PI) * fraction)));
    }
}
