using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Preparation;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using SafeVision.VisionLanguage.Families;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// SmolVLM (Marafioti et al., arXiv 2504.05299) and the Idefics3 that it follows (Laurençon et al., arXiv 2408.12637): a
/// SigLIP tower, one projection, a Llama (transformers, modeling_smolvlm.py).
/// </summary>
internal sealed class SmolVLM : IVisionLanguageFamily
{
    private const string Tower = "model.vision_model.";

    public VisionLanguageFamily Facts { get; } = VisionLanguageFamily.Find("smolvlm")!;

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(Facts, folder, adapter, (checkpoint, config) =>
    {
        TextDecoder text = TextDecoders.Read(checkpoint, Facts.ReadText(config));
        return (ReadVision(checkpoint, Facts.ReadVision(config), text.Shape.Hidden), text);
    });

    private static SmolVit ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, int hidden)
    {
        var source = new EncoderSource(checkpoint, Tower, vision);
        int image = vision.ImageSize!.Value, patch = vision.PatchSize, channels = vision.Channels, factor = vision.Merge, grid = PatchEmbedding.Grid(image, patch, source.Where);
        if (grid % factor != 0)
        {
            throw new CheckpointException($"{source.Where}: {grid} by {grid} patches can't be joined {factor} by {factor}.");
        }

        return new SmolVit
        {
            Channels = channels,
            ImageSize = image,
            PatchSize = patch,
            Patches = source.Kernel("embeddings.patch_embedding", true, source.Width, channels, patch, patch),
            Positions = source.Table("embeddings.position_embedding.weight", grid * grid, source.Width),
            Layers = source.Tower(i => SiglipTower.ReadLayer(source, i) with { Name = $"{Tower}encoder.layers.{i}" }, source.Norm("post_layernorm")),
            Shuffle = new PixelShuffle(grid, factor, IsTransposed: false),
            Connector = Projection.Read(checkpoint, "model.connector.modality_projection.proj", hidden, factor * factor * source.Width, hasBias: false),
        };
    }
}

/// <summary>
/// Idefics3's way from tiles to image features: <c>pixel_values</c> [batch, tiles, channels, size, size] → patches → layers
/// and a norm → squares of patches joined → one projection → <c>image_features</c> [tiles, tokens, hidden]. Tiles of nothing
/// but zeros, which fill up shorter rows of a batch, are left out. There is no <c>pixel_attention_mask</c>: tiles are always
/// full, for their image is resized to a multiple of their size.
/// </summary>
internal sealed record SmolVit : IVisionEncoder
{
    public required int Channels { get; init; }

    public required int ImageSize { get; init; }

    public required int PatchSize { get; init; }

    /// <summary>[width, channels · patch · patch].</summary>
    public required Projection Patches { get; init; }

    /// <summary>[patches, width].</summary>
    public required float[] Positions { get; init; }

    public required VisionTransformer Layers { get; init; }

    public required PixelShuffle Shuffle { get; init; }

    /// <summary>[hidden, factor · factor · width].</summary>
    public required Projection Connector { get; init; }

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph("vision_encoder", form);
        string pixels = blocks.FloatInput(
            "pixel_values", ("batch_size", null), ("num_tiles", null), ("channels", Channels), ("height", ImageSize), ("width", ImageSize));
        string embedded = PatchEmbedding.Write(blocks, RealTiles(blocks, pixels), Patches, Channels, PatchSize);
        string placed = blocks.Add("patches/placed", embedded, blocks.Constant("patches.positions", Positions, 1, Positions.Length / Layers.Width, Layers.Width));
        string joined = Shuffle.Write(blocks, Layers.Write(blocks, placed), Layers.Width);
        string features = blocks.Linear("connector", Connector, joined, LinearRole.Projector);
        blocks.FloatOutput("image_features", features, ("num_real_tiles", null), ("tokens", Shuffle.Tokens), ("hidden_size", Connector.Features));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => new Dictionary<string, VisionInput>
    {
        ["pixel_values"] = VisionInput.Noise(seed, 1, 1, Channels, ImageSize, ImageSize),
    };

    public float[] ReferenceEmbed(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] patches = PatchEmbedding.Compute(inputs["pixel_values"].Numbers, Patches, Channels, ImageSize, PatchSize);
        TensorPrimitives.Add(patches, Positions, patches);
        return patches;
    }

    public float[] ReferenceProject(float[] tokens, IReadOnlyList<float[]> taken) => ReferenceTransformer.Linear(Connector, Shuffle.Compute(tokens, Layers.Width));

    private string RealTiles(TransformerGraph blocks, string pixels)
    {
        OnnxGraph graph = blocks.Graph;
        string tiles = blocks.Reshape("tiles", pixels, -1, Channels, ImageSize, ImageSize);
        string magnitude = graph.Node(
            "ReduceMax", graph.Claim("tiles/largest"), [graph.Node("Abs", graph.Claim("tiles/magnitude"), [tiles]), graph.Integers("tiles/axes", [1, 2, 3], 3)],
            OnnxAttribute.Integer("keepdims", 0));
        return graph.Node(
            "Compress", graph.Claim("tiles/real"), [tiles, blocks.Cast(magnitude, graph.Claim("tiles/isReal"), DataType.Bool)], OnnxAttribute.Integer("axis", 0));
    }
}
