using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>Makes one vector of the tokens of an item.</summary>
internal interface ITokenPooling
{
    /// <summary>The size of the vector.</summary>
    int Width { get; }

    /// <summary>[items, tokens, width] → [items, width].</summary>
    string Write(TransformerGraph blocks, string tokens);

    /// <summary>The same plainly for one item, which is left as it is.</summary>
    float[] Compute(float[] tokens, IReadOnlyDictionary<string, VisionInput> inputs);
}
