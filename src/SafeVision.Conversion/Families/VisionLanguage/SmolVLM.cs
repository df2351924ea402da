namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>SmolVLM (Marafioti et al., arXiv 2504.05299) and the Idefics3 that it follows (Laurençon et al., arXiv 2408.12637): a
/// SigLIP tower, one projection, a Llama (transformers, modeling_smolvlm.py).</summary>
internal sealed class SmolVLM() : FamilyNetwork("smolvlm")
{
    private const string Tower = "model.vision_model.";

    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text)
    {
        var source = new EncoderSource(checkpoint, Tower, vision);
        var shuffle = PixelShuffle.Read(vision);
        return new SmolVit(
            SiglipTower.ReadPatches(source),
            source.Tower(i => SiglipTower.ReadLayer(source, i) with { Name = $"{Tower}encoder.layers.{i}" }, source.Norm("post_layernorm")),
            shuffle,
            Projection.Read(checkpoint, "model.connector.modality_projection.proj", text.Shape.Hidden, shuffle.Factor * shuffle.Factor * source.Width, hasBias: false));
    }
}

/// <summary>Idefics3's way from tiles to image features: <c>pixel_values</c> [batch, tiles, channels, size, size] → patches →
/// layers and a norm → squares of patches joined → one projection → <c>image_features</c> [tiles, tokens, hidden]. Tiles of nothing
/// but zeros, which fill up shorter rows of a batch, are left out. There is no <c>pixel_attention_mask</c>: tiles are always full,
/// for their image is resized to a multiple of their size.</summary>
/// <param name="Connector">[hidden, factor · factor · width].</param>
internal sealed record SmolVit(PatchTokens Embedding, VisionTransformer Layers, PixelShuffle Shuffle, Projection Connector) : IVisionEncoder
{
    public IVisionEncoder WithLayers(VisionTransformer layers) => this with { Layers = layers };

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        int side = Embedding.ImageSize;
        string pixels = blocks.FloatInput(ImageInput.Name, ("batch_size", null), ("num_tiles", null), ("channels", ImageInput.Channels), ("height", side), ("width", side));
        string joined = Shuffle.Write(blocks, Layers.Write(blocks, Embedding.Embed(blocks, RealTiles(blocks, pixels))), Layers.Width);
        string features = blocks.Linear("connector", Connector, joined, LinearRole.Projector);
        blocks.FloatOutput("image_features", features, ("num_real_tiles", null), ("tokens", Shuffle.Tokens), ("hidden_size", Connector.Features));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        [ImageInput.Name] = VisionInput.Noise(seed, 1, 1, ImageInput.Channels, Embedding.ImageSize, Embedding.ImageSize),
    };

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs) => Embedding.Compute(inputs);

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken) => ReferenceTransformer.Linear(Connector, Shuffle.Compute(tokens, Layers.Width));

    private string RealTiles(TransformerGraph blocks, string pixels)
    {
        OnnxGraph graph = blocks.Graph;
        string tiles = blocks.Reshape("tiles", pixels, -1, ImageInput.Channels, Embedding.ImageSize, Embedding.ImageSize);
        string magnitude = graph.Node(
            "ReduceMax", graph.Claim("tiles/largest"), [graph.Node("Abs", graph.Claim("tiles/magnitude"), [tiles]), graph.Integers("tiles/axes", [1, 2, 3], 3)],
            OnnxAttribute.Integer("keepdims", 0));
        return graph.Node(
            "Compress", graph.Claim("tiles/real"), [tiles, blocks.Cast(magnitude, graph.Claim("tiles/isReal"), DataType.Bool)], OnnxAttribute.Integer("axis", 0));
    }
}
