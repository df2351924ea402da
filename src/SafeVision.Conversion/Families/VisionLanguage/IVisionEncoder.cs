using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// A family's way from pixels to image features: <c>vision_encoder</c> of the onnx-community layout. What stands before and
/// behind its layers is written twice, as nodes and plainly, so that the one can be held against the other.
/// </summary>
internal interface IVisionEncoder
{
    VisionTransformer Layers { get; }

    /// <summary>The graph; its output is <c>image_features</c>.</summary>
    TransformerGraph Write(IWeightForm form);

    /// <summary>Inputs of one picture, made from a seed.</summary>
    IReadOnlyDictionary<string, VisionInput> Probe(ulong seed);

    /// <summary>What goes into the first layer, [tokens, width], computed plainly.</summary>
    float[] EmbedPlainly(IReadOnlyDictionary<string, VisionInput> inputs);

    /// <summary>From what the last layer yields to image features, computed plainly.</summary>
    float[] ProjectPlainly(float[] tokens);

    /// <summary>Turns queries and keys [tokens, width] by their places, where the layers do so.</summary>
    void RotatePlainly(float[] query, float[] key)
    {
    }

    /// <summary>Whether one token of <see cref="Probe"/> lies in another's window, where layers see windows.</summary>
    bool SharesWindow(int token, int other) => true;
}
