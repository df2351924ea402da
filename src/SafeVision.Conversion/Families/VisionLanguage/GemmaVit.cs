namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Gemma 3's way from an image to image features: <c>pixel_values</c> [images, 3, size, size] → patches → layers and a
/// norm → the mean of each square of patches → a norm and one projection → <c>image_features</c> [images, tokens,
/// hidden].</summary>
/// <param name="Side">Tokens along a side of an image.</param>
/// <param name="Connector">[hidden, width].</param>
internal sealed record GemmaVit(PatchTokens Embedding, VisionTransformer Layers, int Side, NormWeights Norm, Projection Connector) : IVisionEncoder
{
    private int Factor => Embedding.Rows / Side;

    public IVisionEncoder WithLayers(VisionTransformer layers) => this with { Layers = layers };

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string tokens = Layers.Write(blocks, Embedding.Write(blocks)); // [images, patches, width]
        string squares = blocks.Reshape("pool/squares", tokens, 0, Side, Factor, Side * (long)Factor, Layers.Width);
        string rows = Mean("pool/rows", squares, 2); // [images, side, side · factor, width]
        string pooled = Mean("pool/columns", blocks.Reshape("pool/parts", rows, 0, Side * (long)Side, Factor, Layers.Width), 2);
        string features = blocks.Linear("connector", Connector, blocks.Normalize(Norm, pooled), LinearRole.Projector);
        blocks.FloatOutput("image_features", features, ("batch", null), ("tokens", Side * Side), ("hidden_size", Connector.Features));
        return blocks;

        string Mean(string name, string x, int axis) => blocks.Graph.Node(
            "ReduceMean", blocks.Graph.Claim(name), [x, blocks.Graph.Integers($"{name}/axis", [axis], 1)], OnnxAttribute.Integer("keepdims", 0));
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => ImageInput.Noise(seed, Embedding.ImageSize);

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs) => Embedding.Compute(inputs);

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken)
    {
        int width = Layers.Width, grid = Side * Factor;
        float[] pooled = new float[Side * Side * width];
        for (int i = 0; i < tokens.Length; i++)
        {
            (int patch, int number) = Math.DivRem(i, width);
            int square = (patch / grid / Factor * Side) + (patch % grid / Factor);
            pooled[(square * width) + number] += tokens[i] / (Factor * Factor);
        }

        ReferenceTransformer.Normalize(Norm, pooled);
        return ReferenceTransformer.Linear(Connector, pooled);
    }
}
