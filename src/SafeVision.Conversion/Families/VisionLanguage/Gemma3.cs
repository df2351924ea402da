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
        return new GemmaVit(
            patches,
            source.Tower(i => SiglipTower.ReadLayer(source, i) with { Name = $"{Tower}encoder.layers.{i}" }, source.Norm("post_layernorm")),
            patches.Rows / vision.Merge,
            NormWeights.RmsOffset(checkpoint, $"{Projector}mm_soft_emb_norm", source.Width, source.Epsilon),
            Transpose(checkpoint.Get($"{Projector}mm_input_projection_weight", source.Width, text.Shape.Hidden)));
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

        return new Projection(WeightMatrix.From(StoredTensor.FromSingles(stored.Name, [output, input], turned)), null);
    }
}

/// <summary>Gemma 3's language model: norms before and behind each part, one over each head's queries and keys, all stored as what
/// they differ from 1; windows in all but every sixth layer, whose angles have another base.</summary>
internal sealed class Gemma3Text : ITextFamily
{
    public TextDecoder Read(TextSource source)
    {
        int hidden = source.Shape.Hidden;
        IReadOnlyList<bool> windows = source.Settings.WindowLayers;
        bool hasBias = source.Config["attention_bias"].Boolean(false);
        return source.Decoder(hasOffsetNorm: true, read: (name, i) =>
        {
            DecoderLayer layer = LlamaText.ReadLayer(source, name, source.OffsetNorm, hasBias, hasBias, mlpBias: false, hasHeadNorms: true);
            return layer with
            {
                SeesWindow = windows[i],
                OutputNorm = layer.MlpNorm, // the name that is Llama's norm before the feed-forward part
                MlpNorm = source.OffsetNorm($"{name}.pre_feedforward_layernorm", hidden),
                DownNorm = source.OffsetNorm($"{name}.post_feedforward_layernorm", hidden),
            };
        });
    }
}
