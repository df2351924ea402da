using SafeVision.Conversion.Onnx;
using SafeVision.Inference;

namespace SafeVision.Conversion.Layers;

/// <summary>
/// Scaled dot-product attention of several heads (Vaswani et al., arXiv 1706.03762): every token looks at every token
/// that the mask does not hide.
/// </summary>
internal sealed class Attention : Layer
{
    /// <summary>Added to the scores of hidden tokens; so large that their share is exactly 0 in float32.</summary>
    private const float Hidden = -1e9f;

    private readonly int _heads;
    private readonly int _headSize;

    public Attention(string name, Layer query, Layer key, Layer value, Layer mask, int heads)
        : base(name, [.. query.Shape], query, key, value, mask)
    {
        Require(heads > 0 && query.Features % heads == 0 && key.Features == query.Features && value.Features == query.Features, name, $"{query.Features} features can't be shared among {heads} heads");
        (_heads, _headSize) = (heads, query.Features / heads);
    }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        string shape = graph.Integers($"{Name}/heads", [0, 0, _heads, _headSize], 4);
        string query = Split(graph, inputs[0], "query", shape, [0, 2, 1, 3]); // [batch, heads, tokens, headSize]
        string key = Split(graph, inputs[1], "key", shape, [0, 2, 3, 1]);     // [batch, heads, headSize, tokens]
        string value = Split(graph, inputs[2], "value", shape, [0, 2, 1, 3]);

        string products = graph.Node("MatMul", graph.Claim($"{Name}/products"), [query, key]);
        string scores = graph.Node("Div", graph.Claim($"{Name}/scores"), [products, graph.Singles($"{Name}/root", [MathF.Sqrt(_headSize)])]);
        string masked = graph.Node("Add", graph.Claim($"{Name}/masked"), [scores, Penalty(graph, inputs[3])]);
        string shares = graph.Node("Softmax", graph.Claim($"{Name}/shares"), [masked], OnnxAttribute.Integer("axis", -1));
        string mixed = graph.Node("MatMul", graph.Claim($"{Name}/mixed"), [shares, value]);
        string rows = graph.Node("Transpose", graph.Claim($"{Name}/rows"), [mixed], OnnxAttribute.Integers("perm", 0, 2, 1, 3));
        graph.Node("Reshape", output, [rows, graph.Integers($"{Name}/joined", [0, 0, Features], 3)]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        (double[] query, double[] key, double[] value, double[] mask) = (inputs[0], inputs[1], inputs[2], inputs[3]);
        int tokens = mask.Length;
        double[] result = new double[query.Length], scores = new double[tokens];
        for (int head = 0; head < _heads; head++)
        {
            for (int i = 0; i < tokens; i++)
            {
                for (int j = 0; j < tokens; j++)
                {
                    double product = 0;
                    for (int k = 0; k < _headSize; k++)
                    {
                        product += query[(i * Features) + (head * _headSize) + k] * key[(j * Features) + (head * _headSize) + k];
                    }

                    scores[j] = mask[j] > 0 ? product / Math.Sqrt(_headSize) : double.NegativeInfinity;
                }

                Probabilities.SoftMax(scores, scores);
                for (int j = 0; j < tokens; j++)
                {
                    for (int k = 0; k < _headSize; k++)
                    {
                        result[(i * Features) + (head * _headSize) + k] += scores[j] * value[(j * Features) + (head * _headSize) + k];
                    }
                }
            }
        }

        return result;
    }

    private string Split(OnnxGraph graph, string input, string part, string shape, int[] order)
    {
        string parted = graph.Node("Reshape", graph.Claim($"{Name}/{part}_parted"), [input, shape]);
        return graph.Node("Transpose", graph.Claim($"{Name}/{part}"), [parted], OnnxAttribute.Integers("perm", order));
    }

    /// <summary>0 where a token is, <see cref="Hidden"/> where none is: [batch, 1, 1, tokens].</summary>
    private string Penalty(OnnxGraph graph, string mask)
    {
        string wide = graph.Node("Unsqueeze", graph.Claim($"{Name}/mask_wide"), [mask, graph.Integers($"{Name}/mask_axes", [1, 2], 2)]);
        string number = graph.Node("Cast", graph.Claim($"{Name}/mask"), [wide], OnnxAttribute.Integer("to", (int)TensorProto.Types.DataType.Float));
        string hidden = graph.Node("Sub", graph.Claim($"{Name}/mask_hidden"), [graph.Singles($"{Name}/mask_one", [1]), number]);
        return graph.Node("Mul", graph.Claim($"{Name}/penalty"), [hidden, graph.Singles($"{Name}/mask_penalty", [Hidden])]);
    }
}
