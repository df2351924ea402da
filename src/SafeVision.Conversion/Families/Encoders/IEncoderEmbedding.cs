using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>From an encoder's input to the tokens that its layers take.</summary>
internal interface IEncoderEmbedding
{
    /// <summary>How many tokens an item of the checks has.</summary>
    int Tokens { get; }

    /// <summary>Adds the input and the nodes; yields [items, tokens, width].</summary>
    string Write(TransformerGraph blocks);

    /// <summary>Inputs of one item, made from a seed.</summary>
    IReadOnlyDictionary<string, VisionInput> Probe(ulong seed);

    /// <summary>The same plainly for one item: [tokens, width].</summary>
    float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs);
}
