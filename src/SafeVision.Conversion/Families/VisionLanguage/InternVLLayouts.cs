using SafeVision.Conversion.Checkpoints;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>InternVL as its authors publish it: <c>vision_model</c>, <c>mlp1</c>, <c>language_model</c>.</summary>
internal sealed class InternVLOriginalSource(SafetensorsCheckpoint checkpoint, JsonValue config) : InternVLSource(checkpoint, config)
{
    protected override VisionNames Names { get; } = new(
        "vision_model.embeddings.class_embedding", "vision_model.embeddings.position_embedding", "vision_model.embeddings.patch_embedding", "mlp1.0", "mlp1.1", "mlp1.3");

    protected override bool IsShuffleTransposed => Config["ps_version"].Text("v1") switch
    {
        "v1" => true,
        "v2" => false,
        string other => throw new CheckpointException($"{Where}: the ps_version '{other}' is not known; v1 and v2 are."),
    };

    protected override string FeatureLayerProperty => "select_layer";

    protected override string DefaultNorm => "rms_norm";

    public override TextDecoder ReadText() => TextDecoders.Read(
        Checkpoint,
        Config["llm_config"].Object(),
        new TextNames("language_model.model.", "language_model."),
        Config["tie_word_embeddings"].Boolean());

    protected override int ImageSize()
    {
        int trained = Side(Vision, "image_size");
        int size = Config["force_image_size"].Integer(1, 4096, trained);
        return size == trained
            ? size
            : throw new CheckpointException($"{Where}: force_image_size is {size}, but the tower's positions are for {trained} pixels; save the model with positions for its size.");
    }

    protected override VisionLayer ReadLayer(int index, int intermediate)
    {
        string name = $"vision_model.encoder.layers.{index}";
        Projection together = Projection.Read(Checkpoint, $"{name}.attn.qkv", 3 * Width, Width, Flag("qkv_bias", otherwise: false));
        bool normalizes = Flag("qk_normalization", otherwise: true);
        return new VisionLayer
        {
            Name = name,
            AttentionNorm = Norm($"{name}.norm1"),
            Query = together.Slice($"{name}.attn.q", 0, Width),
            Key = together.Slice($"{name}.attn.k", Width, Width),
            Value = together.Slice($"{name}.attn.v", 2 * Width, Width),
            QueryNorm = normalizes ? NormWeights.Rms(Checkpoint, $"{name}.attn.q_norm", Width, Epsilon) : null,
            KeyNorm = normalizes ? NormWeights.Rms(Checkpoint, $"{name}.attn.k_norm", Width, Epsilon) : null,
            Output = Projection.Read(Checkpoint, $"{name}.attn.proj", Width, Width, hasBias: true).Scale(Checkpoint.Get($"{name}.ls1", Width).ToSingle()),
            MlpNorm = Norm($"{name}.norm2"),
            Up = Projection.Read(Checkpoint, $"{name}.mlp.fc1", intermediate, Width, hasBias: true),
            Down = Projection.Read(Checkpoint, $"{name}.mlp.fc2", Width, intermediate, hasBias: true).Scale(Checkpoint.Get($"{name}.ls2", Width).ToSingle()),
        };
    }
}

/// <summary>
/// InternVL as transformers saves it: <c>vision_tower</c>, <c>multi_modal_projector</c>, <c>language_model</c>, since version 5
/// all of them behind <c>model.</c>.
/// </summary>
internal sealed class InternVLTransformersSource : InternVLSource
{
    private const double HeadNormEpsilon = 1e-6; // InternVLVisionRMSNorm's own

    private readonly string _prefix;

    public InternVLTransformersSource(SafetensorsCheckpoint checkpoint, JsonValue config)
        : base(checkpoint, config)
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
        Config["text_config"].Object(),
        _prefix.Length > 0 ? new TextNames("model.language_model.", "") : new TextNames("language_model.model.", "language_model."),
        Config["tie_word_embeddings"].Boolean());

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
        if (Config[property].Text(known) is string value && value != known)
        {
            throw new CheckpointException($"{Where}: {property} is '{value}'; only {known} is known here.");
        }
    }
}
