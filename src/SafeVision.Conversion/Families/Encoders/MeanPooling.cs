using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The mean of all tokens.</summary>
/// <param name="Width">The size of a token.</param>
internal sealed record MeanPooling(int Width) : ITokenPooling
{
    public string Write(TransformerGraph blocks, string tokens) => blocks.Graph.Node(
        "ReduceMean", blocks.Graph.Claim("pooled"), [tokens, blocks.Graph.Integers("pooled/axis", [1], 1)], OnnxAttribute.Integer("keepdims", 0));

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs)
    {
        double[] sum = new double[Width];
        for (int i = 0; i < tokens.Length; i++)
        {
            sum[i % Width] += tokens[i];
        }

        int count = tokens.Length / Width;
        return [.. sum.Select(value => (float)(value / count))];
    }
}
