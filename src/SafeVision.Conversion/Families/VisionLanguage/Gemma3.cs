using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Gemma 3 (Gemma Team, arXiv 2503.19786; transformers, modeling_gemma3.py) and ShieldGemma 2 (Zeng et al., arXiv
/// 2504.01081), which is the same model: a SigLIP tower, its patches pooled and projected, and a language model in most of whose
/// layers a token sees a window and the tokens of an image each other.</summary>
internal sealed class Gemma3() : FamilyNetwork("gemma3")
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";

    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text)
    {
        var source = new EncoderSource(checkpoint, Tower, vision);
        PatchTokens patches = SiglipTower.ReadPatches(source);
        return new GemmaVit
        {
            Embedding = patches,
            Layers = source.Tower(i => SiglipTower.ReadLayer(source, i) with { Name = $"{Tower}encoder.layers.{i}" }, source.Norm("post_layernorm")),
            Side = patches.Rows / vision.Merge,
            Norm = NormWeights.RmsOffset(checkpoint, $"{Projector}mm_soft_emb_norm", source.Width, source.Epsilon),
            Connector = Transpose(checkpoint.Get($"{Projector}mm_input_projection_weight", source.Width, text.Shape.Hidden)),
        };
    }

    /// <summary>A matrix that is stored as [in, out].</summary>
    private static Projection Transpose(StoredTensor stored)
    {
        (int input, int output) = (stored.Shape[0], stored.Shape[1]);
        float[] given = stored.ToSingle(), turned = new float[given.Length];
        for (int i = 0; i < given.Length; i++)
        {
            turned[(i % output * input) + (i / output)] = given[i];
        }

        return new Projection(WeightMatrix.From(new StoredTensor(stored.Name, [output, input], TensorElement.Float32, MemoryMarshal.AsBytes<float>(turned).ToArray())), null);
    }
}

/// <summary>Gemma 3's language model: norms before and behind each part, one over each head's queries and keys, all stored as what
/// they differ from 1; windows in all but every sixth layer, whose angles have another base.</summary>
internal sealed class Gemma3Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        DecoderShape shape = source.Shape;
        IReadOnlyList<bool> windows = source.Settings.WindowLayers;
        bool hasBias = source.Config["attention_bias"].Boolean(false);
        int queries = shape.Heads * shape.HeadSize, keys = shape.KeyValueHeads * shape.HeadSize;
        return source.Decoder(hasOffsetNorm: true, read: (name, i) =>
        {
            string attention = $"{name}.self_attn";
            return new DecoderLayer
            {
                Name = name,
                SeesWindow = windows[i],
                AttentionNorm = source.OffsetNorm($"{name}.input_layernorm", shape.Hidden),
                Query = source.Project($"{attention}.q_proj", queries, shape.Hidden, hasBias),
                Key = source.Project($"{attention}.k_proj", keys, shape.Hidden, hasBias),
                Value = source.Project($"{attention}.v_proj", keys, shape.Hidden, hasBias),
                QueryNorm = source.OffsetNorm($"{attention}.q_norm", shape.HeadSize),
                KeyNorm = source.OffsetNorm($"{attention}.k_norm", shape.HeadSize),
                Output = source.Project($"{attention}.o_proj", shape.Hidden, queries, hasBias),
                OutputNorm = source.OffsetNorm($"{name}.post_attention_layernorm", shape.Hidden),
                MlpNorm = source.OffsetNorm($"{name}.pre_feedforward_layernorm", shape.Hidden),
                Gate = source.Project($"{name}.mlp.gate_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Up = source.Project($"{name}.mlp.up_proj", shape.Intermediate, shape.Hidden, hasBias: false),
                Down = source.Project($"{name}.mlp.down_proj", shape.Hidden, shape.Intermediate, hasBias: false),
                DownNorm = source.OffsetNorm($"{name}.post_feedforward_layernorm", shape.Hidden),
            };
        });
    }
}
