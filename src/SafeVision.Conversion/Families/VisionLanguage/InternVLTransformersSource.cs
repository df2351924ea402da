using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternVL as transformers saves it: <c>vision_tower</c>, <c>multi_modal_projector</c>, <c>language_model</c>, since version 5
/// all of them behind <c>model.</c>.
/// </summary>
internal sealed class InternVLTransformersSource : InternVLSource
{
    private const double HeadNormEpsilon = 1e-6; // InternVLVisionRMSNorm's own

    private readonly string _prefix;

    public InternVLTransformersSource(SafetensorsCheckpoint checkpoint, JsonElement config, string where)
        : base(checkpoint, config, where)
    {
        Require("projector_hidden_act", "gelu");
        Require("vision_feature_select_strategy", "default");
        _prefix = checkpoint.Tensors.ContainsKey("model.vision_tower.embeddings.cls_token") ? "model." : "";
        string embeddings = $"{_prefix}vision_tower.embeddings", projector = $"{_prefix}multi_modal_projector";
        Names = new VisionNames(
            $"{embeddings}.cls_token", $"{embeddings}.position_embeddings", $"{embeddings}.patch_embeddings.projection",
            $"{projector}.layer_norm", $"{projector}.linear_1", $"{projector}.linear_2");
    }

    protected override VisionNames Names { get; }

    protected override bool IsShuffleTransposed => false;

    protected override string FeatureLayerProperty => "vision_feature_layer";

    protected override string DefaultNorm => "layer_norm";

    public override TextDecoder ReadText() => TextDecoders.Read(
        Checkpoint,
        CheckpointJson.Property(Config, "text_config", JsonValueKind.Object, Where),
        _prefix.Length > 0 ? new TextNames("model.language_model.", "") : new TextNames("language_model.model.", "language_model."),
        CheckpointJson.OptionalBoolean(Config, "tie_word_embeddings", Where),
        $"{Where}: text_config");

    protected override NormWeights? ReadFinalNorm() => Flag("use_mean_pooling", otherwise: true) ? null : NormWeights.Layer(Checkpoint, $"{_prefix}vision_tower.layernorm", Width, Epsilon);

    protected override VisionLayer ReadLayer(int index, int intermediate)
    {
        string name = $"{_prefix}vision_tower.encoder.layer.{index}", attention = $"{name}.attention";
        bool hasBias = Flag("attention_bias", otherwise: false), normalizes = Flag("use_qk_norm", otherwise: false);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = Norm($"{name}.layernorm_before"),
            Query = Projection.Read(Checkpoint, $"{attention}.q_proj", Width, Width, hasBias),
            Key = Projection.Read(Checkpoint, $"{attention}.k_proj", Width, Width, hasBias),
            Value = Projection.Read(Checkpoint, $"{attention}.v_proj", Width, Width, hasBias),
            QueryNorm = normalizes ? NormWeights.Rms(Checkpoint, $"{attention}.q_norm", Width, HeadNormEpsilon) : null,
            KeyNorm = normalizes ? NormWeights.Rms(Checkpoint, $"{attention}.k_norm", Width, HeadNormEpsilon) : null,
            Output = Projection.Read(Checkpoint, $"{attention}.projection_layer", Width, Width, hasBias: true).Scale(Checkpoint.Get($"{name}.lambda_1", Width).ToSingle()),
            MlpNorm = Norm($"{name}.layernorm_after"),
            Up = Projection.Read(Checkpoint, $"{name}.mlp.fc1", intermediate, Width, hasBias: true),
            Down = Projection.Read(Checkpoint, $"{name}.mlp.fc2", Width, intermediate, hasBias: true).Scale(Checkpoint.Get($"{name}.lambda_2", Width).ToSingle()),
        };
    }

    private void Require(string property, string known)
    {
        if ((CheckpointJson.OptionalText(Config, property, Where) ?? known) is string value && value != known)
        {
            throw new CheckpointException($"{Where}: {property} is '{value}'; only {known} is known here.");
        }
    }
}
