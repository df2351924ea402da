namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>InternVL in both layouts (github.com/OpenGVLab/InternVL, modeling_internvl_chat.py; transformers, modeling_internvl.py).</summary>
internal sealed class InternVL() : FamilyNetwork("internvl")
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";
    private const double NormEpsilon = 1e-6; // transformers' InternVLVisionRMSNorm's own
    private const double ProjectorEpsilon = 1e-5; // torch.nn.LayerNorm's own, whatever the tower's is

    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text)
    {
        int width = vision.Width, joined = vision.Merge * vision.Merge * width, hidden = text.Shape.Hidden;
        var shuffle = PixelShuffle.Read(vision);
        var source = new EncoderSource(checkpoint, Tower, vision);
        source.RequireColour();
        return new InternVit(
            PatchTokens.Read(source, "embeddings.patch_embeddings.projection", hasBias: true, "embeddings.position_embeddings", "embeddings.cls_token"),
            new VisionTransformer(
                width, vision.Heads, Activations.Parse(vision.Activation, vision.Config.Where),
                [.. Enumerable.Range(0, vision.UsedLayers).Select(i => ReadLayer(checkpoint, vision, $"{Tower}encoder.layer.{i}"))],
                vision.HasFinalNorm ? NormWeights.Layer(checkpoint, $"{Tower}layernorm", width, vision.Epsilon) : null),
            shuffle,
            new GeluProjector(
                "projector", NormWeights.Layer(checkpoint, $"{Projector}layer_norm", joined, ProjectorEpsilon),
                Projection.Read(checkpoint, $"{Projector}linear_1", hidden, joined, hasBias: true), Projection.Read(checkpoint, $"{Projector}linear_2", hidden, hidden, hasBias: true)));
    }

    private static VisionLayer ReadLayer(SafetensorsCheckpoint checkpoint, VisionSettings vision, string name)
    {
        int width = vision.Width, inner = vision.Intermediate;
        string attention = $"{name}.attention";
        bool isTogether = checkpoint.Has($"{attention}.qkv.weight"); // in the authors' layout
        Projection? together = isTogether ? Linear($"{attention}.qkv", 3 * width, width, vision.HasQueryKeyValueBias) : null;
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = Norm($"{name}.layernorm_before"),
            Query = Part("q", 0),
            Key = Part("k", 1),
            Value = Part("v", 2),
            QueryNorm = HeadNorm("q"),
            KeyNorm = HeadNorm("k"),
            Output = Linear($"{attention}.projection_layer", width, width).Scale(checkpoint.Get($"{name}.lambda_1", width).ToSingle()),
            MlpNorm = Norm($"{name}.layernorm_after"),
            Up = Linear($"{name}.mlp.fc1", inner, width),
            Down = Linear($"{name}.mlp.fc2", width, inner).Scale(checkpoint.Get($"{name}.lambda_2", width).ToSingle()),
        };

        Projection Part(string part, int place) =>
            together?.Slice($"{attention}.{part}", place * width, width) ?? Linear($"{attention}.{part}_proj", width, width, vision.HasQueryKeyValueBias);

        NormWeights? HeadNorm(string part) => vision.HasQueryKeyNorm ? NormWeights.Rms(checkpoint, $"{attention}.{part}_norm", width, isTogether ? vision.Epsilon : NormEpsilon) : null;

        NormWeights Norm(string norm) => vision.HasRmsNorm ? NormWeights.Rms(checkpoint, norm, width, vision.Epsilon) : NormWeights.Layer(checkpoint, norm, width, vision.Epsilon);

        Projection Linear(string linear, int output, int input, bool hasBias = true) => Projection.Read(checkpoint, linear, output, input, hasBias);
    }
}
