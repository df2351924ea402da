namespace SafeVision.Conversion.Quantization;

/// <summary>The forms that weights can take; the only place that lists them.</summary>
internal static class WeightForms
{
    public static IReadOnlyList<IWeightForm> All { get; } = [new Float32Form(), new Float16Form(), new Int8Form(), new Int4Form(32), new Int4Form(64), new Int4Form(128)];

    /// <exception cref="CheckpointException">There is none of this name; the message lists them.</exception>
    public static IWeightForm Find(string name) => All.FirstOrDefault(form => form.Name == name)
        ?? throw new CheckpointException($"'{name}' is no precision; these are: {string.Join(", ", All.Select(form => form.Name))}.");
}

/// <summary>How the large weights of a language model stand in a graph: the one place that a graph builder asks for "a
/// linear layer of this weight". A form may treat layers differently by their role and depth. Found by name through
/// <see cref="WeightForms"/>.</summary>
internal interface IWeightForm
{
    /// <summary>The name for the command line and the manifest, such as <c>float32</c>.</summary>
    string Name { get; }

    /// <summary>What published folders put behind a file's name for this form, such as <c>_q4</c>; empty for float32.</summary>
    string FileSuffix { get; }

    /// <summary>The type of the numbers between the layers, of small weights such as norms, and of the key/value cache: float or float16.</summary>
    TensorProto.Types.DataType Activations { get; }

    /// <summary>The largest difference to the reference computation, relative to the largest number of an output, that
    /// this form and summing in another order explain. Above 0.05: the root of the squared differences of one layer by
    /// that of the squares.</summary>
    double Tolerance { get; }

    /// <summary>Adds <c>y = x·Wᵀ + b</c> over the last dimension, and returns y's name.</summary>
    /// <exception cref="CheckpointException">The weight can't take this form; the message names it.</exception>
    string Linear(OnnxGraph graph, LinearLayer layer, string input);

    /// <summary>Adds the look-up of a table's rows by <paramref name="ids"/>, and returns the name of its result in <see cref="Activations"/>.</summary>
    string Embedding(OnnxGraph graph, WeightMatrix table, string ids);

    /// <summary>Whether the input of a layer of this role is rounded when it arrives, all of it with one scale, so that a few large numbers coarsen the rest.</summary>
    bool RoundsInput(LinearRole role) => false;

    /// <summary>The same form, finer for some layers.</summary>
    IWeightForm Sparing(SparedLayers layers) => this;
}

/// <summary>Layers that lose too much by one scale for all their input, by their names in the graph.</summary>
/// <param name="ByRow">Those for which a scale for each row is enough: some tokens are much larger than others.</param>
/// <param name="InBlocks">Those that get blocks of 8 bits, which take three times as long.</param>
internal sealed record SparedLayers(IReadOnlySet<string> ByRow, IReadOnlySet<string> InBlocks)
{
    public static SparedLayers None { get; } = new(new HashSet<string>(), new HashSet<string>());

    /// <summary>The tokens whose logits a verdict is made of; empty: it is not known which.</summary>
    public IReadOnlyList<int> VerdictTokens { get; init; } = [];

    /// <summary>Adds a layer whose input is rounded when it arrives.</summary>
    public string AddDynamic(OnnxGraph graph, LinearLayer layer, string input) => InBlocks.Contains(layer.Name)
        ? BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input)
        : ByRow.Contains(layer.Name) ? DynamicMatMul.AddByRow(graph, layer, input) : DynamicMatMul.Add(graph, layer, input);
}

/// <summary>A linear layer that a graph builder asks a form for.</summary>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out], or null: none, or another node adds it.</param>
/// <param name="Depth">Which layer of its tower it is in, from 0.</param>
internal sealed record LinearLayer(string Name, WeightMatrix Weight, float[]? Bias, LinearRole Role, int Depth, int Layers);

/// <summary>What a linear layer does; some bear rounding better than others.</summary>
internal enum LinearRole
{
    /// <summary>Queries, keys, values and the output of the language model's attention.</summary>
    TextAttention,

    /// <summary>The language model's gate, up and down projections.</summary>
    TextMlp,

    /// <summary>From the last hidden state to the logits of a vocabulary.</summary>
    Vocabulary,

    /// <summary>From the last features to a classifier's logits.</summary>
    Head,

    /// <summary>Any of the vision tower.</summary>
    Vision,

    /// <summary>From image features to the language model's width.</summary>
    Projector,
}

/// <summary>Weights as float32, whatever the checkpoint stores: nothing is lost.</summary>
internal sealed class Float32Form : IWeightForm
{
    public string Name => "float32";

    public string FileSuffix => "";

    public TensorProto.Types.DataType Activations => TensorProto.Types.DataType.Float;

    public double Tolerance => 1e-4;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input)
    {
        // FusedMatMul takes the matrix as the checkpoint has it, [out, in]; MatMul would need it transposed in the file.
        string weight = graph.Weights($"{layer.Name}.weight", layer.Weight, layer.Weight.Rows, layer.Weight.Columns);
        string product = graph.RuntimeNode("FusedMatMul", graph.Claim($"{layer.Name}/product"), [input, weight], OnnxAttribute.Integer("transB", 1));
        return layer.Bias is null
            ? product
            : graph.Node("Add", graph.Claim($"{layer.Name}/biased"), [product, graph.Singles($"{layer.Name}.bias", layer.Bias, layer.Bias.Length)]);
    }

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids)
    {
        string rows = graph.Weights(table.Name, table, table.Rows, table.Columns);
        return graph.Node("Gather", graph.Claim($"{table.Name}/rows"), [rows, ids]);
    }
}

/// <summary>Weights and computation in float16, for graphics processors. The CPU computes most of it in float32 and is
/// no faster than with float32 weights.</summary>
internal sealed class Float16Form : IWeightForm
{
    public string Name => "float16";

    public string FileSuffix => "_fp16";

    public DataType Activations => DataType.Float16;

    public double Tolerance => 0.02;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input)
    {
        string weight = HalfWeights.Add(graph, $"{layer.Name}.weight", layer.Weight);
        string product = graph.RuntimeNode("FusedMatMul", graph.Claim($"{layer.Name}/product"), [input, weight], OnnxAttribute.Integer("transB", 1));
        return layer.Bias is null
            ? product
            : graph.Node("Add", graph.Claim($"{layer.Name}/biased"), [product, HalfWeights.AddSmall(graph, $"{layer.Name}.bias", layer.Bias)]);
    }

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) =>
        graph.Node("Gather", graph.Claim($"{table.Name}/rows"), [HalfWeights.Add(graph, table.Name, table), ids]);
}

/// <summary>Weights as signed bytes and the inputs of linear layers rounded as they arrive; the logits, which are
/// compared with each other, and the projector, which is small, from blocks that lose less.</summary>
/// <param name="spared">Layers that are rounded more finely; null: none.</param>
internal sealed class Int8Form(SparedLayers? spared = null) : IWeightForm
{
    /// <summary>8 bits for what is sensitive. Blocks of 128 lose hardly more than those of 32 and are read faster.</summary>
    public static readonly BlockFormat SensitiveBlocks = new(8, 128);

    public string Name => "int8";

    public string FileSuffix => "_int8";

    public DataType Activations => DataType.Float;

    public double Tolerance => 0.3; // weights of another layer give more than 1

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) =>
        RoundsInput(layer.Role) ? (spared ?? SparedLayers.None).AddDynamic(graph, layer, input) : BlockMatMul.Add(graph, layer, SensitiveBlocks, input);

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);

    public bool RoundsInput(LinearRole role) => role is not (LinearRole.Vocabulary or LinearRole.Head or LinearRole.Projector);

    public IWeightForm Sparing(SparedLayers layers) => new Int8Form(layers);
}

/// <summary>The language model's layers in blocks of 4 bits, which makes tokens come fast: each needs every weight
/// once, and reading them is what takes the time. What is sensitive stays at 8 bits: embeddings, projector, layers that 4
/// bits would distort more than usual, and of the head what a verdict is made of, or all of it where that is not known.
/// The vision tower, which sees a thousand patches at once, is bound by arithmetic instead, where blocks save little: it
/// takes the form that is fastest there, <see cref="DynamicMatMul"/>.</summary>
/// <param name="blockSize">32, 64 or 128: larger ones are smaller and faster, and lose more. Feed-forward layers of real size, which are
/// most of what a token reads, get 64 at least: with zero points these lose 8.7 % of normal weights where 32 without lose 8.1 %, and
/// are multiplied a sixth faster.</param>
/// <param name="spared">Layers of the vision tower and tokens that are rounded more finely; null: none.</param>
internal sealed class Int4Form(int blockSize, SparedLayers? spared = null) : IWeightForm
{
    public const int DefaultBlock = 32;

    private const int LongRow = 512;

    private readonly BlockFormat _blocks = new(4, blockSize), _long = new(4, Math.Max(blockSize, 64));
    private readonly SparedLayers _spared = spared ?? SparedLayers.None;

    public string Name => blockSize == DefaultBlock ? "int4" : $"int4-block{blockSize}";

    public string FileSuffix => "_q4";

    public DataType Activations => DataType.Float;

    public double Tolerance => 0.7; // weights of another layer give more than 1

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) => layer.Role switch
    {
        LinearRole.Vision => _spared.AddDynamic(graph, layer, input),
        LinearRole.Vocabulary when _spared.VerdictTokens.Count == 0 => BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input),
        LinearRole.Head or LinearRole.Projector => BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input),
        _ when RoundingSensitivity.IsSensitive(layer, BlocksOf(layer)) => BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input),
        LinearRole.Vocabulary => BlockMatMul.Add(graph, layer, _blocks, input, _spared.VerdictTokens, Int8Form.SensitiveBlocks),
        _ => BlockMatMul.Add(graph, layer, BlocksOf(layer), input),
    };

    private BlockFormat BlocksOf(LinearLayer layer) => layer.Role == LinearRole.TextMlp && layer.Weight.Columns >= LongRow ? _long : _blocks;

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);

    public bool RoundsInput(LinearRole role) => role == LinearRole.Vision;

    public IWeightForm Sparing(SparedLayers layers) => new Int4Form(blockSize, layers);
}
