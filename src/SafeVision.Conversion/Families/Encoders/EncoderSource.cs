namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The configuration and the tensors of one tower, read with what all towers have in common.</summary>
/// <param name="prefix">What stands before the tower's names.</param>
/// <param name="defaults">What it leaves out is what transformers' class for it has.</param>
internal sealed class EncoderSource(SafetensorsCheckpoint checkpoint, string prefix, JsonValue config, EncoderDefaults defaults)
{
    private const int LargestWidth = 1 << 16;

    /// <summary>The tower of a vision-language model.</summary>
    public EncoderSource(SafetensorsCheckpoint checkpoint, string prefix, VisionSettings settings)
        : this(checkpoint, prefix, settings.Config, new EncoderDefaults
        {
            Width = settings.Width,
            Intermediate = settings.Intermediate,
            Layers = settings.Layers,
            Heads = settings.Heads,
            Activation = settings.Activation,
            Epsilon = settings.Epsilon,
            ImageSize = settings.ImageSize ?? 0,
            PatchSize = settings.PatchSize,
        })
    {
    }

    public string Where => config.Where;

    public JsonValue Config => config;

    public string Prefix => prefix;

    public int Width { get; } = config["hidden_size"].Integer(1, LargestWidth, defaults.Width);
    public int Heads { get; } = config["num_attention_heads"].Integer(1, 1024, defaults.Heads);
    public int Intermediate { get; } = config["intermediate_size"].Integer(1, LargestWidth * 4, defaults.Intermediate);
    public double Epsilon { get; } = PositiveNumber(config["layer_norm_eps"], defaults.Epsilon);
    public Activation Activation { get; } = Activations.Parse(config["hidden_act"].Text(defaults.Activation), config.Where);

    public int ImageSize => Side("image_size", ImageInput.LargestSide, defaults.ImageSize, mustBeSquare: true).Height;

    public (int Height, int Width) PatchSize => Side("patch_size", 1024, defaults.PatchSize, mustBeSquare: false);

    public static double PositiveNumber(JsonValue value, double otherwise) =>
        value.Number(otherwise) is var number && (float)number > 0 ? number : throw value.Wrong("a number above 0");

    public int Integer(string name, int least, int most, int otherwise) => config[name].Integer(least, most, otherwise);

    /// <summary>Fails where images would not be red, green and blue.</summary>
    public void RequireColour()
    {
        if (Integer("num_channels", 1, 1024, ImageInput.Channels) is not ImageInput.Channels and int channels)
        {
            throw new CheckpointException($"{Where}: num_channels is {channels}; images have {ImageInput.Channels}.");
        }
    }

    public NormWeights Norm(string name) => NormWeights.Layer(checkpoint, prefix + name, Width, Epsilon);

    public Projection Linear(string name, int output, int input, bool hasBias = true) => Projection.Read(checkpoint, prefix + name, output, input, hasBias);

    public Projection Kernel(string name, bool hasBias, params int[] shape) => new(
        WeightMatrix.From(checkpoint.Get($"{prefix}{name}.weight", shape)), hasBias ? checkpoint.Get($"{prefix}{name}.bias", shape[0]).ToSingle() : null);

    public WeightMatrix Matrix(string name, int rows, int columns) => WeightMatrix.From(checkpoint.Get(prefix + name, rows, columns));

    /// <summary>A small table, which may stand behind dimensions of one.</summary>
    public float[] Table(string name, int rows, int columns) => Get(name, rows, columns).ToSingle();

    /// <summary>A vector, which may stand behind dimensions of one.</summary>
    public float[] Vector(string name, int size) => Get(name, size).ToSingle();

    /// <param name="norm">Behind the last one; null: none.</param>
    public VisionTransformer Tower(Func<int, VisionLayer> read, NormWeights? norm)
    {
        if (Width % Heads != 0)
        {
            throw new CheckpointException($"{Where}: vectors of {Width} numbers can't be shared among {Heads} heads.");
        }

        int layers = Integer("num_hidden_layers", 1, 512, defaults.Layers);
        return new VisionTransformer(Width, Heads, Activation, [.. Enumerable.Range(0, layers).Select(read)], norm);
    }

    private StoredTensor Get(string name, params int[] shape)
    {
        int ones = Math.Max(0, (checkpoint.Find(prefix + name)?.Shape.Count ?? 0) - shape.Length);
        return checkpoint.Get(prefix + name, [.. Enumerable.Repeat(1, ones), .. shape]);
    }

    /// <summary>A size that is one number, or a list of height and width.</summary>
    private (int Height, int Width) Side(string name, int most, int otherwise, bool mustBeSquare)
    {
        JsonValue value = config[name];
        int[] sides = value.IsArray ? value.Integers(1, most) : [.. Enumerable.Repeat(value.Integer(1, most, otherwise), 2)];
        return sides.Length == 2 && (sides[0] == sides[1] || !mustBeSquare)
            ? (sides[0], sides[1])
            : throw value.Wrong($"one whole number from 1 to {most}, or two{(mustBeSquare ? " that are the same, for images are prepared as squares" : "")}");
    }
}

/// <summary>What a configuration that leaves something out means, as transformers' class for it has it.</summary>
internal sealed record EncoderDefaults
{
    public required int Width { get; init; }
    public required int Intermediate { get; init; }
    public int Layers { get; init; } = 12;
    public required int Heads { get; init; }
    public required string Activation { get; init; }
    public required double Epsilon { get; init; }
    public int ImageSize { get; init; } = 224;
    public int PatchSize { get; init; } = 16;
    public int Vocabulary { get; init; }
    public int Positions { get; init; }
}

/// <summary>What a checkpoint puts before the names of its tensors: nothing, <c>model.</c>, the name of the bare model, what a
/// wrapper added when it was saved.</summary>
internal static class TensorPrefix
{
    /// <param name="name">The end of a name that every checkpoint of the kind has once.</param>
    /// <exception cref="CheckpointException">No tensor has it, or several have.</exception>
    public static string Find(SafetensorsCheckpoint checkpoint, string name)
    {
        string[] found = [.. checkpoint.Tensors.Keys.Where(key => key == name || key.EndsWith($".{name}", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(2)];
        return found.Length switch
        {
            1 => found[0][..^name.Length],
            0 => throw new CheckpointException($"{checkpoint.Folder}: the checkpoint has no tensor '{name}', alone or behind a prefix, which its architecture needs."),
            _ => throw new CheckpointException($"{checkpoint.Folder}: the checkpoint has '{found[0]}' and '{found[1]}', so that it can't be told which one the model uses."),
        };
    }
}

/// <summary>A classifier's labels and the layer that tells them apart, <c>classifier.weight</c> and <c>.bias</c>.</summary>
internal sealed record ClassifierLabels(IReadOnlyList<string> Names, Projection Projection)
{
    private const string Layer = "classifier";
    private const int MostLabels = 1 << 16;

    public static ClassifierLabels Read(SafetensorsCheckpoint checkpoint, JsonValue config, int width)
    {
        // Each label's score would be a probability of its own, while a classifier's probabilities add up to one.
        if (config["problem_type"].Text() is { } problem and not "single_label_classification")
        {
            throw new CheckpointException($"{config.Where}: problem_type is '{problem}'; only a classifier of one label an image (single_label_classification) can be converted.");
        }

        string name = TensorPrefix.Find(checkpoint, $"{Layer}.weight") + Layer;
        IReadOnlyList<int> shape = checkpoint.Tensors[$"{name}.weight"].Shape;
        string[] labels = config["id2label"].Exists
            ? ReadNames(config)
            : [.. Enumerable.Range(0, Count(config, shape)).Select(i => $"LABEL_{i}")]; // transformers' own names
        return new ClassifierLabels(labels, Projection.Read(checkpoint, name, labels.Length, width, hasBias: true));
    }

    public static string[] ReadNames(JsonValue config)
    {
        JsonValue map = config["id2label"].Object();
        return [.. Enumerable.Range(0, map.Members().Count()).Select(i => map[$"{i}"].RequiredText())];
    }

    private static int Count(JsonValue config, IReadOnlyList<int> shape) =>
        config["num_labels"] is { Exists: true } count ? count.Integer(1, MostLabels)
        : shape.Count > 0 && shape[0] is >= 1 and <= MostLabels ? shape[0] : throw new CheckpointException($"{config.Where}: has no id2label, and '{Layer}.weight' does not say how many labels there are.");
}
