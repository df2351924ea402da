namespace SafeVision.Conversion.Calibration;

/// <summary>Weights in blocks of 8 bits, which lose hardly anything, in a graph that also yields what its layers take
/// in: for each input, channel by channel, the least number, the largest, and the mean of the squares, and over the
/// tokens the mean of the square of each one's largest number: [4, channels].</summary>
internal sealed class ObservingForm : IWeightForm
{
    private readonly Dictionary<string, string> _outputs = []; // of an input's name, what tells of it
    private readonly Dictionary<string, string> _observed = [];

    /// <summary>For each layer, by its name, the output that tells of its input.</summary>
    public IReadOnlyDictionary<string, string> Observed => _observed;

    public string Name => "observing";

    public string FileSuffix => "";

    public DataType Activations => DataType.Float;

    public double Tolerance => 0.05;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input)
    {
        if (layer.Role is not (LinearRole.Vocabulary or LinearRole.Head or LinearRole.Projector))
        {
            _observed[layer.Name] = Observe(graph, layer.Weight.Columns, input);
        }

        return BlockMatMul.Add(graph, layer, Int8Form.SensitiveBlocks, input);
    }

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => ByteEmbedding.Add(graph, table, ids);

    private string Observe(OnnxGraph graph, int channels, string input)
    {
        if (_outputs.TryGetValue(input, out string? known))
        {
            return known;
        }

        string rows = graph.Node("Reshape", graph.Claim($"{input}/rows"), [input, graph.Integers($"{input}/rows/shape", [-1, channels], 2)]);
        string axis = graph.Integers($"{input}/rows/axis", [0], 1);
        string squares = graph.Node("Mul", graph.Claim($"{input}/squares"), [rows, rows]);
        string least = graph.Node("ReduceMin", graph.Claim($"{input}/least"), [rows, axis]), most = graph.Node("ReduceMax", graph.Claim($"{input}/most"), [rows, axis]);
        string power = graph.Node("ReduceMean", graph.Claim($"{input}/power"), [squares, axis]);
        string largest = graph.Node("ReduceMax", graph.Claim($"{input}/tokens"), [squares, graph.Integers($"{input}/tokens/axis", [1], 1)]);
        string tokens = graph.Node("ReduceMean", graph.Claim($"{input}/tokens/mean"), [largest, axis]);
        string repeated = graph.Node("Expand", graph.Claim($"{input}/tokens/row"), [tokens, graph.Integers($"{input}/tokens/shape", [1, channels], 2)]);
        string output = graph.Node("Concat", graph.Claim($"{input}/channels"), [least, most, power, repeated], OnnxAttribute.Integer("axis", 0));
        graph.Output(output, ("statistics", 4), ("channels", channels));
        return _outputs[input] = output;
    }
}

/// <summary>What came in through each channel of a layer's input.</summary>
/// <param name="Least">The least number.</param>
/// <param name="Power">The mean of the squares.</param>
/// <param name="TokenPower">Of all channels: the mean, over the tokens, of the square of a token's largest number.</param>
internal sealed record ChannelRange(float[] Least, float[] Most, float[] Power, float TokenPower)
{
    /// <summary>As a graph yields it, [4, channels].</summary>
    public static ChannelRange Of(float[] numbers)
    {
        int channels = numbers.Length / 4;
        return new ChannelRange(numbers[..channels], numbers[channels..(2 * channels)], numbers[(2 * channels)..(3 * channels)], numbers[^1]);
    }

    /// <summary>How much smaller, as a mean of squares, tokens are than the largest of them: 1 where all are alike.</summary>
    public double TokenShare => TokenPower / Math.Max(Math.Pow(Math.Max(-Least.Min(), Most.Max()), 2), 1e-30);

    /// <summary>Of two runs that count alike; null: of this one.</summary>
    public ChannelRange With(ChannelRange? other) => other is null ? this : new ChannelRange(
        [.. Least.Zip(other.Least, Math.Min)], [.. Most.Zip(other.Most, Math.Max)], [.. Power.Zip(other.Power, (one, two) => (one + two) / 2)], (TokenPower + other.TokenPower) / 2);
}
