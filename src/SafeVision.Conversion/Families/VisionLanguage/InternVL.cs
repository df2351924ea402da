using System.Numerics.Tensors;
using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternVL 1.5 to 3.5 (Chen et al., arXiv 2404.16821 and 2412.05271) in both layouts: the original one (<c>internvl_chat</c>,
/// github.com/OpenGVLab/InternVL, modeling_internvl_chat.py) and that of transformers (<c>internvl</c>), whose tensors stand
/// behind one of two prefixes.
/// </summary>
internal sealed class InternVL : IVisionLanguageFamily
{
    public string Name => "internvl";

    public bool Recognizes(string folder) => CheckpointJson.ConfigText(folder, "model_type") is "internvl_chat" or "internvl";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config, path) =>
    {
        InternVLSource source = CheckpointJson.OptionalText(config, "model_type", path) == "internvl_chat"
            ? new InternVLOriginalSource(checkpoint, config, path)
            : new InternVLTransformersSource(checkpoint, config, path);
        TextDecoder text = source.ReadText();
        return (source.ReadVision(text.Shape.Hidden), text);
    });
}

/// <summary>What both layouts of InternVL have in common; a layout says where its numbers are.</summary>
internal abstract class InternVLSource(SafetensorsCheckpoint checkpoint, JsonElement config, string where)
{
    private const double ProjectorEpsilon = 1e-5; // torch.nn.LayerNorm's own, whatever the tower's is

    protected SafetensorsCheckpoint Checkpoint { get; } = checkpoint;

    protected JsonElement Config { get; } = config;

    protected string Where { get; } = where;

    protected JsonElement Vision { get; } = CheckpointJson.Property(config, "vision_config", JsonValueKind.Object, where);

    protected int Width { get; } = CheckpointJson.Integer(CheckpointJson.Property(config, "vision_config", JsonValueKind.Object, where), "hidden_size", 1, 1 << 16, where);

    /// <summary>Of the tower's norms.</summary>
    protected double Epsilon => CheckpointJson.OptionalNumber(Vision, "layer_norm_eps", Where) ?? 1e-6;

    public abstract TextDecoder ReadText();

    public InternVit ReadVision(int hidden)
    {
        int image = ImageSize(), patch = Side(Vision, "patch_size"), grid = PatchEmbedding.Grid(image, patch, Where);
        int channels = CheckpointJson.OptionalInteger(Vision, "num_channels", 1, 16, Where) ?? 3;
        PixelShuffle shuffle = Shuffle(grid);
        int joined = shuffle.Factor * shuffle.Factor * Width;
        float[] positions = Checkpoint.Get(Names.Positions, 1, (grid * grid) + 1, Width).ToSingle();
        float[] first = Checkpoint.Get(Names.ClassToken, 1, 1, Width).ToSingle();
        TensorPrimitives.Add(first, positions.AsSpan(0, Width), first);
        return new InternVit
        {
            Channels = channels,
            ImageSize = image,
            PatchSize = patch,
            Patches = new Projection(
                WeightMatrix.From(Checkpoint.Get($"{Names.Patches}.weight", Width, channels, patch, patch)), Checkpoint.Get($"{Names.Patches}.bias", Width).ToSingle()),
            ClassToken = first,
            Positions = positions[Width..],
            Layers = ReadTower(),
            Shuffle = shuffle,
            ProjectorNorm = NormWeights.Layer(Checkpoint, Names.ProjectorNorm, joined, ProjectorEpsilon),
            FirstProjection = Projection.Read(Checkpoint, Names.FirstProjection, hidden, joined, hasBias: true),
            SecondProjection = Projection.Read(Checkpoint, Names.SecondProjection, hidden, hidden, hasBias: true),
        };
    }

    /// <summary>The names of the tensors outside the layers.</summary>
    protected abstract VisionNames Names { get; }

    /// <summary>Whether squares of patches follow each other column by column.</summary>
    protected abstract bool IsShuffleTransposed { get; }

    /// <summary>The property that says behind which layer the features are taken: -1, the last.</summary>
    protected abstract string FeatureLayerProperty { get; }

    /// <summary>The kind of the tower's norms where the configuration does not say.</summary>
    protected abstract string DefaultNorm { get; }

    protected abstract VisionLayer ReadLayer(int index, int intermediate);

    /// <summary>The norm behind the last layer; null: none.</summary>
    protected virtual NormWeights? ReadFinalNorm() => null;

    protected virtual int ImageSize() => Side(Vision, "image_size");

    /// <summary>A norm of the tower: of one kind in all its layers.</summary>
    protected NormWeights Norm(string name)
    {
        return (CheckpointJson.OptionalText(Vision, "norm_type", Where) ?? DefaultNorm) switch
        {
            "layer_norm" => NormWeights.Layer(Checkpoint, name, Width, Epsilon),
            "rms_norm" => NormWeights.Rms(Checkpoint, name, Width, Epsilon),
            string other => throw new CheckpointException($"{Where}: the norm '{other}' is not known; layer_norm and rms_norm are."),
        };
    }

    protected bool Flag(string name, bool otherwise) => CheckpointJson.OptionalBoolean(Vision, name, Where) ?? otherwise;

    /// <summary>A size that is one number, or a list of height and width that are the same.</summary>
    protected int Side(JsonElement parent, string name)
    {
        if (parent.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            int[] sides = [.. list.EnumerateArray().Select(side => side.ValueKind == JsonValueKind.Number && side.TryGetInt32(out int value) ? value : 0)];
            return sides is [> 0 and <= 4096 and int height, int width] && height == width
                ? height
                : throw new CheckpointException($"{Where}: '{name}' must be one whole number from 1 to 4096, or twice the same.");
        }

        return CheckpointJson.Integer(parent, name, 1, 4096, Where);
    }

    private VisionTransformer ReadTower()
    {
        int layers = CheckpointJson.Integer(Vision, "num_hidden_layers", 1, 256, Where);
        int heads = CheckpointJson.Integer(Vision, "num_attention_heads", 1, 256, Where);
        int intermediate = CheckpointJson.Integer(Vision, "intermediate_size", 1, 1 << 18, Where);
        if (Width % heads != 0)
        {
            throw new CheckpointException($"{Where}: vectors of {Width} numbers can't be shared among {heads} heads.");
        }

        Activation activation = Activations.Parse(CheckpointJson.OptionalText(Vision, "hidden_act", Where) ?? "gelu", Where);
        int taken = CheckpointJson.OptionalInteger(Config, FeatureLayerProperty, -layers - 1, layers, Where) ?? -1;
        int count = taken < 0 ? layers + 1 + taken : taken;
        return new VisionTransformer(
            Width, heads, activation, [.. Enumerable.Range(0, count).Select(i => ReadLayer(i, intermediate))], taken == -1 ? ReadFinalNorm() : null);
    }

    private PixelShuffle Shuffle(int grid)
    {
        double ratio = CheckpointJson.OptionalNumber(Config, "downsample_ratio", Where) ?? 0.5;
        int factor = ratio is > 0 and <= 1 ? (int)Math.Round(1 / ratio) : 0;
        return factor > 0 && Math.Abs((1 / ratio) - factor) < 1e-6 && grid % factor == 0
            ? new PixelShuffle(grid, factor, IsShuffleTransposed)
            : throw new CheckpointException($"{Where}: a downsample_ratio of {ratio} does not join {grid} by {grid} patches into squares.");
    }

    /// <summary>Names of tensors outside the layers.</summary>
    protected sealed record VisionNames(
        string ClassToken, string Positions, string Patches, string ProjectorNorm, string FirstProjection, string SecondProjection);
}
