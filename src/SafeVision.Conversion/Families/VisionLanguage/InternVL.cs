using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Preparation;
using SafeVision.Files;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// InternVL 1.5 to 3.5 (Chen et al., arXiv 2404.16821 and 2412.05271) in both layouts: the original one (<c>internvl_chat</c>,
/// github.com/OpenGVLab/InternVL, modeling_internvl_chat.py) and that of transformers (<c>internvl</c>), whose tensors stand
/// behind one of two prefixes.
/// </summary>
internal sealed class InternVL : IVisionLanguageFamily
{
    public string Name => "internvl";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") is "internvl_chat" or "internvl";

    public VisionLanguageModel Read(string folder, LoraAdapter? adapter = null) => VisionLanguageModel.Read(folder, adapter, (checkpoint, config) =>
    {
        InternVLSource source = config["model_type"].Text() == "internvl_chat"
            ? new InternVLOriginalSource(checkpoint, config)
            : new InternVLTransformersSource(checkpoint, config);
        TextDecoder text = source.ReadText();
        return (source.ReadVision(text.Shape.Hidden), text);
    });
}

/// <summary>What both layouts of InternVL have in common; a layout says where its numbers are.</summary>
internal abstract class InternVLSource(SafetensorsCheckpoint checkpoint, JsonValue config)
{
    private const double ProjectorEpsilon = 1e-5; // torch.nn.LayerNorm's own, whatever the tower's is

    protected SafetensorsCheckpoint Checkpoint { get; } = checkpoint;

    protected JsonValue Config { get; } = config;

    protected string Where => Config.Where;

    protected JsonValue Vision { get; } = config["vision_config"].Object();

    protected int Width { get; } = config["vision_config"].Object()["hidden_size"].Integer(1, 1 << 16);

    /// <summary>Of the tower's norms.</summary>
    protected double Epsilon => Vision["layer_norm_eps"].Number(1e-6);

    public abstract TextDecoder ReadText();

    public InternVit ReadVision(int hidden)
    {
        int image = ImageSize(), patch = Side(Vision, "patch_size"), grid = PatchEmbedding.Grid(image, patch, Where);
        int channels = Vision["num_channels"].Integer(1, 16, 3);
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
        return Vision["norm_type"].Text(DefaultNorm) switch
        {
            "layer_norm" => NormWeights.Layer(Checkpoint, name, Width, Epsilon),
            "rms_norm" => NormWeights.Rms(Checkpoint, name, Width, Epsilon),
            string other => throw new CheckpointException($"{Where}: the norm '{other}' is not known; layer_norm and rms_norm are."),
        };
    }

    protected bool Flag(string name, bool otherwise) => Vision[name].Boolean(otherwise);

    /// <summary>A size that is one number, or a list of height and width that are the same.</summary>
    protected static int Side(JsonValue parent, string name)
    {
        JsonValue value = parent[name];
        return !value.IsArray ? value.Integer(1, 4096)
            : value.Integers(1, 4096) is [int height, int width] && height == width ? height
            : throw value.Wrong("one whole number from 1 to 4096, or twice the same");
    }

    private VisionTransformer ReadTower()
    {
        int layers = Vision["num_hidden_layers"].Integer(1, 256);
        int heads = Vision["num_attention_heads"].Integer(1, 256);
        int intermediate = Vision["intermediate_size"].Integer(1, 1 << 18);
        if (Width % heads != 0)
        {
            throw new CheckpointException($"{Where}: vectors of {Width} numbers can't be shared among {heads} heads.");
        }

        Activation activation = Activations.Parse(Vision["hidden_act"].Text("gelu"), Where);
        int taken = Config[FeatureLayerProperty].Integer(-layers - 1, layers, -1);
        int count = taken < 0 ? layers + 1 + taken : taken;
        return new VisionTransformer(
            Width, heads, activation, [.. Enumerable.Range(0, count).Select(i => ReadLayer(i, intermediate))], taken == -1 ? ReadFinalNorm() : null);
    }

    private PixelShuffle Shuffle(int grid)
    {
        double ratio = Config["downsample_ratio"].Number(0.5);
        int factor = ratio is > 0 and <= 1 ? (int)Math.Round(1 / ratio) : 0;
        return factor > 0 && Math.Abs((1 / ratio) - factor) < 1e-6 && grid % factor == 0
            ? new PixelShuffle(grid, factor, IsShuffleTransposed)
            : throw new CheckpointException($"{Where}: a downsample_ratio of {ratio} does not join {grid} by {grid} patches into squares.");
    }

    /// <summary>Names of tensors outside the layers.</summary>
    protected sealed record VisionNames(
        string ClassToken, string Positions, string Patches, string ProjectorNorm, string FirstProjection, string SecondProjection);
}
