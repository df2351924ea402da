using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Qwen2-VL (Wang et al., arXiv 2409.12191) with the tensor names and the flat configuration of the published models, or
/// with those that transformers 5 writes (transformers, modeling_qwen2_vl.py); and Qwen2.5-VL (Bai et al., arXiv 2502.13923),
/// whose tower has RMS norms, gated feed-forward parts, and windows in all but a few layers.
/// </summary>
internal sealed class Qwen2VL : IVisionLanguageFamily
{
    private const string NewerType = "qwen2_5_vl";

    public string Name => "qwen2-vl";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") is "qwen2_vl" or NewerType;

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config) =>
    {
        TextDecoder text = ReadText(checkpoint, config);
        bool isNewer = config["model_type"].Text() == NewerType;
        var tower = new QwenTower(checkpoint, config, widthName: isNewer ? "hidden_size" : "embed_dim", width: isNewer ? 3584 : 1280, patchSize: 14);
        return (isNewer ? ReadNewerVision(tower, text.Shape.Hidden) : ReadVision(tower, text.Shape.Hidden), text);
    });

    /// <summary>The language model, and which of its angles follow time, row and column.</summary>
    public static TextDecoder ReadText(SafetensorsCheckpoint checkpoint, JsonValue config)
    {
        bool isNested = checkpoint.Tensors.ContainsKey("model.language_model.embed_tokens.weight");
        JsonValue nested = config["text_config"].Object(mayBeMissing: true), text = nested.Exists ? nested : config;
        TextDecoder decoder = TextDecoders.Read(
            checkpoint, text, new TextNames(isNested ? "model.language_model." : "model.", ""), config["tie_word_embeddings"].Boolean());
        JsonValue setting = text.Any("rope_parameters", "rope_scaling").Object()["mrope_section"];
        int[] sections = setting.Integers(0, 1 << 16);
        return sections.Length == 3 && sections.Sum() == decoder.Shape.HeadSize / 2
            ? decoder with { Shape = decoder.Shape with { RotarySections = sections } }
            : throw setting.Wrong($"three whole numbers that add up to half a head, {decoder.Shape.HeadSize / 2}");
    }

    // What the configuration leaves out is what transformers' Qwen2VLVisionConfig has.
    private static QwenVit ReadVision(QwenTower tower, int hidden)
    {
        double ratio = tower.Config["mlp_ratio"].Number(4);
        if (!(ratio > 0 && ratio <= 64))
        {
            throw new CheckpointException($"{tower.Where}: 'mlp_ratio' must be above 0 and at most 64.");
        }

        int inner = (int)(tower.Width * ratio);
        return new QwenVit
        {
            Factor = tower.Factor,
            Patches = tower.ReadPatches(hasBias: false),
            Layers = tower.ReadLayers(32, "quick_gelu", tower.LayerNorm("merger.ln_q"), name => tower.ReadLayer(name, tower.LayerNorm, "mlp.fc1", "mlp.fc2", inner)),
            Merger = tower.ReadMerger("merger", null, "merger.mlp.0", "merger.mlp.2", hidden),
        };
    }

    // Likewise Qwen2_5_VLVisionConfig.
    private static QwenVit ReadNewerVision(QwenTower tower, int hidden)
    {
        int inner = tower.Size("intermediate_size", 1 << 18, 3420), window = tower.Size("window_size", 1 << 16, 112) / tower.Factor / tower.PatchSize * tower.Factor;
        if (window == 0)
        {
            throw new CheckpointException($"{tower.Where}: 'window_size' must be at least {tower.Factor * tower.PatchSize}, the side of the patches that are joined.");
        }

        tower.RequireOutput(hidden);
        HashSet<int> whole = [.. tower.Layers("fullatt_block_indexes", [7, 15, 23, 31], int.MaxValue)]; // in them every token sees all others of its frame
        VisionTransformer layers = tower.ReadLayers(32, "silu", tower.RmsNorm("merger.ln_q"), name => tower.ReadLayer(name, tower.RmsNorm, "mlp.up_proj", "mlp.down_proj", inner, "mlp.gate_proj"));
        return new QwenVit
        {
            Factor = tower.Factor,
            Window = window,
            Patches = tower.ReadPatches(hasBias: false),
            Layers = layers with { Layers = [.. layers.Layers.Select((layer, i) => layer with { SeesWindow = !whole.Contains(i) })] },
            Merger = tower.ReadMerger("merger", null, "merger.mlp.0", "merger.mlp.2", hidden),
        };
    }
}

/// <summary>The vision tower of a Qwen checkpoint, read with what the generations have in common.</summary>
internal sealed class QwenTower
{
    private const double Epsilon = 1e-6; // of the tower's norms, whatever the language model's are

    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly string _prefix;
    private readonly int _heads;

    /// <param name="checkpoint">The tensors.</param>
    /// <param name="config">The whole model's configuration.</param>
    /// <param name="widthName">What it calls the size of a token's vector.</param>
    /// <param name="width">That size where it does not say.</param>
    /// <param name="patchSize">A patch's side where it does not say.</param>
    /// <exception cref="CheckpointException">A size does not fit.</exception>
    public QwenTower(SafetensorsCheckpoint checkpoint, JsonValue config, string widthName, int width, int patchSize)
    {
        _checkpoint = checkpoint;
        Config = config["vision_config"].Object();
        _prefix = checkpoint.Tensors.ContainsKey("model.visual.patch_embed.proj.weight") ? "model.visual" : "visual";
        _heads = Size("num_heads", 256, 16);
        (Width, Factor, PatchSize) = (Size(widthName, 1 << 16, width), Size("spatial_merge_size", 16, 2), Size("patch_size", 1024, patchSize));
        if (Width % _heads != 0 || Width / _heads % 4 != 0)
        {
            throw new CheckpointException($"{Where}: vectors of {Width} numbers can't be shared among {_heads} heads whose size is a multiple of 4.");
        }
    }

    public JsonValue Config { get; }

    public string Where => Config.Where;

    /// <summary>The size of a token's vector.</summary>
    public int Width { get; }

    /// <summary>Patches along a side of the squares that are joined.</summary>
    public int Factor { get; }

    /// <summary>A patch's side in pixels.</summary>
    public int PatchSize { get; }

    /// <summary>The size of a joined square.</summary>
    public int Joined => Factor * Factor * Width;

    public int Size(string name, int most, int otherwise) => Config[name].Integer(1, most, otherwise);

    /// <summary>A list of different layers, counted from 0.</summary>
    public int[] Layers(string name, int[] otherwise, int count)
    {
        int[] layers = Config[name] is { Exists: true } list ? list.Integers(0, int.MaxValue) : otherwise;
        return layers.All(layer => layer < count) && layers.Distinct().Count() == layers.Length
            ? layers
            : throw Config[name].Wrong($"different layers, counted from 0{(count < int.MaxValue ? $", of {count}" : "")}");
    }

    /// <exception cref="CheckpointException">The features are of another size than the language model's vectors.</exception>
    public void RequireOutput(int hidden)
    {
        if (Size("out_hidden_size", 1 << 17, 3584) is int output && output != hidden)
        {
            throw new CheckpointException($"{Where}: 'out_hidden_size' is {output}, but the language model takes {hidden} numbers.");
        }
    }

    public NormWeights LayerNorm(string name) => NormWeights.Layer(_checkpoint, $"{_prefix}.{name}", Width, Epsilon);

    public NormWeights RmsNorm(string name) => NormWeights.Rms(_checkpoint, $"{_prefix}.{name}", Width, Epsilon);

    /// <summary>A norm over a joined square.</summary>
    public NormWeights JoinedNorm(string name) => NormWeights.Layer(_checkpoint, $"{_prefix}.{name}", Joined, Epsilon);

    /// <summary>A small table.</summary>
    public float[] Table(string name, int rows) => _checkpoint.Get($"{_prefix}.{name}", rows, Width).ToSingle();

    public Projection ReadPatches(bool hasBias)
    {
        int channels = Config.Any("in_channels", "in_chans").Integer(1, 16, 3), time = Size("temporal_patch_size", 16, 2);
        string name = $"{_prefix}.patch_embed.proj";
        return new Projection(WeightMatrix.From(_checkpoint.Get($"{name}.weight", Width, channels, time, PatchSize, PatchSize)), hasBias ? _checkpoint.Get($"{name}.bias", Width).ToSingle() : null);
    }

    public VisionTransformer ReadLayers(int depth, string activation, NormWeights norm, Func<string, VisionLayer> read) => new(
        Width, _heads, Activations.Parse(Config["hidden_act"].Text(activation), Where),
        [.. Enumerable.Range(0, Size("depth", 256, depth)).Select(i => read($"blocks.{i}"))], norm);

    public VisionLayer ReadLayer(string name, Func<string, NormWeights> norm, string up, string down, int inner, string? gate = null)
    {
        Projection together = Linear($"{name}.attn.qkv", 3 * Width, Width);
        return new VisionLayer
        {
            Name = $"{_prefix}.{name}",
            AttentionNorm = norm($"{name}.norm1"),
            Query = together.Slice($"{_prefix}.{name}.attn.q", 0, Width),
            Key = together.Slice($"{_prefix}.{name}.attn.k", Width, Width),
            Value = together.Slice($"{_prefix}.{name}.attn.v", 2 * Width, Width),
            Output = Linear($"{name}.attn.proj", Width, Width),
            MlpNorm = norm($"{name}.norm2"),
            Gate = gate is null ? null : Linear($"{name}.{gate}", inner, Width),
            Up = Linear($"{name}.{up}", inner, Width),
            Down = Linear($"{name}.{down}", Width, inner),
        };
    }

    public QwenMerger ReadMerger(string name, NormWeights? norm, string first, string second, int hidden) =>
        new(name, norm, Linear(first, Joined, Joined), Linear(second, hidden, Joined));

    private Projection Linear(string name, int output, int input) => Projection.Read(_checkpoint, $"{_prefix}.{name}", output, input, hasBias: true);
}
