namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Qwen2-VL and Qwen2.5-VL (transformers, modeling_qwen2_vl.py and modeling_qwen2_5_vl.py).</summary>
internal sealed class Qwen2VL() : FamilyNetwork("qwen2_vl")
{
    protected override IVisionEncoder ReadVision(SafetensorsCheckpoint checkpoint, VisionSettings vision, TextDecoder text) =>
        ReadVision(new QwenTower(checkpoint, vision, text.Shape.Hidden));

    private static QwenVit ReadVision(QwenTower tower)
    {
        VisionSettings vision = tower.Settings;
        VisionTransformer layers = vision.HasRmsNorm
            ? tower.ReadLayers(tower.RmsNorm("merger.ln_q"), name => tower.ReadLayer(name, tower.RmsNorm, "mlp.up_proj", "mlp.down_proj", "mlp.gate_proj"))
            : tower.ReadLayers(tower.LayerNorm("merger.ln_q"), name => tower.ReadLayer(name, tower.LayerNorm, "mlp.fc1", "mlp.fc2"));
        if (vision.Window is not null)
        {
            HashSet<int> whole = [.. vision.WholeLayers]; // in them every token sees all others of its frame
            layers = layers with { Layers = [.. layers.Layers.Select((layer, i) => layer with { SeesWindow = !whole.Contains(i) })] };
        }

        return new QwenVit
        {
            Factor = vision.Merge,
            Window = vision.Window,
            Theta = vision.RotaryBase!.Value,
            Patches = tower.ReadPatches(hasBias: false),
            Layers = layers,
            Merger = tower.ReadMerger("merger", null, "merger.mlp.0", "merger.mlp.2"),
        };
    }
}

/// <summary>The vision tower of a Qwen checkpoint, read with what the generations have in common.</summary>
internal sealed class QwenTower
{
    private const string Prefix = "model.visual.";

    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly int _hidden, _width, _joined;

    /// <exception cref="CheckpointException">The features are of another size.</exception>
    public QwenTower(SafetensorsCheckpoint checkpoint, VisionSettings settings, int hidden)
    {
        (_checkpoint, Settings, _hidden, _width) = (checkpoint, settings, hidden, settings.Width);
        _joined = settings.Merge * settings.Merge * _width;
        if (settings.OutputWidth is { } output && output != hidden)
        {
            throw new CheckpointException($"{settings.Config.Where}: 'out_hidden_size' is {output}, but the language model takes {hidden} numbers.");
        }
    }

    public VisionSettings Settings { get; }

    public NormWeights LayerNorm(string name) => NormWeights.Layer(_checkpoint, Prefix + name, _width, Settings.Epsilon);

    public NormWeights RmsNorm(string name) => NormWeights.Rms(_checkpoint, Prefix + name, _width, Settings.Epsilon);

    /// <summary>A norm over a joined square.</summary>
    public NormWeights JoinedNorm(string name) => NormWeights.Layer(_checkpoint, Prefix + name, _joined, Settings.Epsilon);

    public float[] Table(string name, int rows) => _checkpoint.Get(Prefix + name, rows, _width).ToSingle();

    public Projection ReadPatches(bool hasBias)
    {
        const string Name = $"{Prefix}patch_embed.proj";
        return new Projection(
            WeightMatrix.From(_checkpoint.Get($"{Name}.weight", _width, Settings.Channels, Settings.Frames, Settings.PatchSize, Settings.PatchSize)),
            hasBias ? _checkpoint.Get($"{Name}.bias", _width).ToSingle() : null);
    }

    public VisionTransformer ReadLayers(NormWeights norm, Func<string, VisionLayer> read) => new(
        _width, Settings.Heads, Activations.Parse(Settings.Activation, Settings.Config.Where), [.. Enumerable.Range(0, Settings.Layers).Select(i => read($"blocks.{i}"))], norm);

    public VisionLayer ReadLayer(string name, Func<string, NormWeights> norm, string up, string down, string? gate = null)
    {
        Projection together = Linear($"{name}.attn.qkv", 3 * _width, _width);
        int inner = Settings.Intermediate;
        return new VisionLayer
        {
            Name = Prefix + name,
            AttentionNorm = norm($"{name}.norm1"),
            Query = together.Slice($"{Prefix}{name}.attn.q", 0, _width),
            Key = together.Slice($"{Prefix}{name}.attn.k", _width, _width),
            Value = together.Slice($"{Prefix}{name}.attn.v", 2 * _width, _width),
            Output = Linear($"{name}.attn.proj", _width, _width),
            MlpNorm = norm($"{name}.norm2"),
            Gate = gate is null ? null : Linear($"{name}.{gate}", inner, _width),
            Up = Linear($"{name}.{up}", inner, _width),
            Down = Linear($"{name}.{down}", _width, inner),
        };
    }

    public GeluProjector ReadMerger(string name, NormWeights? norm, string first, string second) =>
        new(name, norm, Linear(first, _joined, _joined), Linear(second, _hidden, _joined));

    private Projection Linear(string name, int output, int input) => Projection.Read(_checkpoint, Prefix + name, output, input, hasBias: true);
}
