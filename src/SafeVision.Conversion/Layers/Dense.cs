using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>A fully connected layer over the last dimension.</summary>
internal sealed class Dense : Layer
{
    private readonly StoredTensor? _bias;

    public Dense(string name, Layer input, StoredTensor kernel, StoredTensor? bias)
        : base(name, ShapeOf(name, input, kernel, bias), input) =>
        (Kernel, _bias) = (kernel, bias);

    /// <summary>[out, in].</summary>
    public StoredTensor Kernel { get; }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string kernel = weights.Add(Kernel);
        string? bias = _bias is null ? null : weights.AddSmall(_bias);
        if (Shape.Count == 1)
        {
            graph.Node("Gemm", output, bias is null ? [inputs[0], kernel] : [inputs[0], kernel, bias], OnnxAttribute.Integer("transB", 1));
            return;
        }

        string transposed = graph.Node("Transpose", graph.Claim($"{Name}/transposed"), [kernel], OnnxAttribute.Integers("perm", 1, 0));
        string product = bias is null ? output : graph.Claim($"{Name}/product");
        graph.Node("MatMul", product, [inputs[0], transposed]);
        if (bias is not null)
        {
            graph.Node("Add", output, [product, bias]);
        }
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] kernel = Kernel.ToDouble();
        double[]? bias = _bias?.ToDouble();
        int width = Kernel.Shape[1], rows = inputs[0].Length / width;
        double[] result = new double[rows * Features];
        for (int i = 0; i < result.Length; i++)
        {
            (int row, int feature) = Math.DivRem(i, Features);
            result[i] = TensorPrimitives.Dot<double>(inputs[0].AsSpan(row * width, width), kernel.AsSpan(feature * width, width)) + (bias?[feature] ?? 0);
        }

        return result;
    }

    private static int[] ShapeOf(string name, Layer input, StoredTensor kernel, StoredTensor? bias)
    {
        Require(input.Shape.Count is 1 or 2, name, "needs rows of features; flatten pictures first");
        Require(kernel.Shape.Count == 2 && kernel.Shape[1] == input.Features, name, $"a kernel [{string.Join(", ", kernel.Shape)}] does not fit {input.Features} features");
        Require(bias is null || bias.Count == kernel.Shape[0], name, $"there are {bias?.Count} biases for {kernel.Shape[0]} features");
        return [.. input.Shape.SkipLast(1), kernel.Shape[0]];
    }
}
