using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The token at one place.</summary>
/// <param name="Width">The size of a token.</param>
/// <param name="IsLast">The last token; otherwise the first.</param>
internal sealed record PlacePooling(int Width, bool IsLast) : ITokenPooling
{
    public string Write(TransformerGraph blocks, string tokens) => blocks.Graph.Node(
        "Gather", blocks.Graph.Claim("pooled"), [tokens, blocks.Graph.Integers("pooled/place", [IsLast ? -1 : 0])], Onnx.OnnxAttribute.Integer("axis", 1));

    public float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs) => IsLast ? tokens[^Width..] : tokens[..Width];
}
