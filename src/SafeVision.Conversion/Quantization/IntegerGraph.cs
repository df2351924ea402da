namespace SafeVision.Conversion.Quantization;

/// <summary>A graph of folded constants while its convolutions and sums are made to compute in 8-bit integers.</summary>
internal sealed class IntegerGraph
{
    /// <summary>The first convolution and the one by channel behind it stay in float32: of a channel that is small
    /// beside the others hardly a step would be left, which costs more than all other layers together, and an image's
    /// three channels gain nothing.</summary>
    private const int Exact = 2;

    private readonly GraphProto _graph;
    private readonly HashSet<string> _exact;
    private readonly Dictionary<string, TensorProto> _weights;
    private readonly Dictionary<string, (string Scale, string Zero, float Size)> _scales = [];
    private readonly HashSet<string> _activations = [];

    public IntegerGraph(GraphProto graph)
    {
        _graph = graph;
        _exact = [.. graph.Node.Where(node => node.OpType == "Conv").Take(Exact).Select(node => node.Output[0])];
        _weights = graph.Initializer.ToDictionary(tensor => tensor.Name);
        ILookup<string, NodeProto> consumers = graph.Node.SelectMany(node => node.Input.Select(input => (input, node))).ToLookup(pair => pair.input, pair => pair.node);
        foreach (NodeProto node in graph.Node.Where(IsQuantized))
        {
            _activations.UnionWith(node.Input.Where(input => !_weights.ContainsKey(input)));
            string output = node.Output[0];
            _activations.Add(consumers[output].ToArray() is [{ OpType: "Clip" or "Relu" } clip] ? clip.Output[0] : output);
        }

        Activations = [.. _activations.Order(StringComparer.Ordinal)];
        Convolutions = [.. graph.Node.Where(node => node.OpType == "Conv" && IsQuantized(node)).Select(node => node.Output[0])];
    }

    /// <summary>The tensors that become bytes.</summary>
    public IReadOnlyList<string> Activations { get; }

    /// <summary>The outputs of the convolutions that become integers, before anything cuts them off, in the order in which they are run.</summary>
    public IReadOnlyList<string> Convolutions { get; }

    private bool IsQuantized(NodeProto node) => node.OpType switch
    {
        "Conv" => !_exact.Contains(node.Output[0]) && _weights.TryGetValue(node.Input[1], out TensorProto? weights) && weights.DataType == (int)TensorProto.Types.DataType.Float,
        "Add" => !node.Input.Any(_weights.ContainsKey),
        _ => false,
    };

    /// <param name="ranges">The least and the largest number of each of <see cref="Activations"/>.</param>
    /// <param name="corrections">What is added to the bias of some of <see cref="Convolutions"/>: [channels].</param>
    public void Rewrite(IReadOnlyDictionary<string, (float Low, float High)> ranges, IReadOnlyDictionary<string, float[]> corrections)
    {
        foreach ((string name, (float low, float high)) in ranges)
        {
            float size = Math.Max((high - low) / byte.MaxValue, 1e-12f);
            byte zero = (byte)Math.Clamp(MathF.Round(-low / size), 0, byte.MaxValue);
            _scales[name] = (Single($"{name}.scale", [size]), Bytes($"{name}.zero", [zero], TensorProto.Types.DataType.Uint8), size);
        }

        NodeProto[] nodes = [.. _graph.Node];
        _graph.Node.Clear();
        HashSet<string> outputs = [.. _graph.Output.Select(output => output.Name)];
        foreach (string input in _graph.Input.Select(input => input.Name).Where(_activations.Contains))
        {
            Pass(input, input);
        }

        foreach (NodeProto node in nodes)
        {
            bool quantized = IsQuantized(node);
            string read = node.Input.FirstOrDefault("");
            for (int i = 0; i < node.Input.Count; i++)
            {
                if (_activations.Contains(node.Input[i]))
                {
                    node.Input[i] = Passed(node.Input[i]);
                }
            }

            if (quantized && node.OpType == "Conv")
            {
                Quantize(node, read, corrections);
            }

            _graph.Node.Add(node);
            foreach (string output in node.Output.Where(_activations.Contains).ToArray())
            {
                if (outputs.Contains(output))
                {
                    // What leaves the graph is what the next layer reads.
                    string raw = output + ".raw";
                    node.Output[node.Output.IndexOf(output)] = raw;
                    PassTo(output, raw, output);
                }
                else
                {
                    Pass(output, output);
                }
            }
        }

        HashSet<string> used = [.. _graph.Node.SelectMany(node => node.Input), .. outputs];
        TensorProto[] kept = [.. _graph.Initializer.Where(tensor => used.Contains(tensor.Name))];
        _graph.Initializer.Clear();
        _graph.Initializer.AddRange(kept);
        NodeProto[] rest = [.. _graph.Node];
        _graph.Node.Clear();
        Array.ForEach(kept, StoreAsHalf);
        _graph.Node.AddRange(rest);
    }

    /// <summary>Weights that came from float16 are stored as such again; the runtime widens them once, when it loads.</summary>
    private void StoreAsHalf(TensorProto tensor)
    {
        if (tensor.DataType != (int)TensorProto.Types.DataType.Float || tensor.RawData.Length < 1 << 16)
        {
            return;
        }

        if (HalfWeights.Exact(MemoryMarshal.Cast<byte, float>(tensor.RawData.Span)) is not { } halves)
        {
            return;
        }

        string name = tensor.Name;
        tensor.Name = $"{name}.half";
        tensor.DataType = (int)TensorProto.Types.DataType.Float16;
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves));
        Node("Cast", name, [tensor.Name], OnnxAttribute.Integer("to", (int)TensorProto.Types.DataType.Float));
    }

    private string Passed(string name) => _graph.Output.Any(output => output.Name == name) ? name : name + ".passed";

    private void Pass(string activation, string from) => PassTo(activation, from, activation + ".passed");

    private void PassTo(string activation, string from, string to)
    {
        (string scale, string zero, _) = _scales[activation];
        string integers = activation + ".integers";
        Node("QuantizeLinear", integers, [from, scale, zero]);
        Node("DequantizeLinear", to, [integers, scale, zero]);
    }

    /// <summary>Gives a convolution weights of 8 bits by output channel and a bias of 32 bits, whose step follows from the activation that it reads.</summary>
    private void Quantize(NodeProto node, string read, IReadOnlyDictionary<string, float[]> corrections)
    {
        TensorProto weights = _weights[node.Input[1]];
        int[] shape = [.. weights.Dims.Select(size => (int)size)];
        (float[] sizes, sbyte[] rounded) = IntegerWeights.Round(MemoryMarshal.Cast<byte, float>(weights.RawData.Span), shape);
        int channels = shape[0];

        string name = node.Input[1];
        string scale = Single($"{name}.scale", sizes, channels), zero = Bytes($"{name}.zero", new byte[channels], TensorProto.Types.DataType.Int8, channels);
        string stored = Bytes($"{name}.integers", MemoryMarshal.AsBytes<sbyte>(rounded).ToArray(), TensorProto.Types.DataType.Int8, shape);
        Node("DequantizeLinear", $"{name}.read", [stored, scale, zero], OnnxAttribute.Integer("axis", 0));
        node.Input[1] = $"{name}.read";
        float[] offsets = node.Input.Count > 2 ? MemoryMarshal.Cast<byte, float>(_weights[node.Input[2]].RawData.Span).ToArray() : new float[channels];
        TensorPrimitives.Add(offsets, corrections.GetValueOrDefault(node.Output[0], new float[channels]), offsets);
        float input = _scales[read].Size;
        float[] steps = new float[channels];
        int[] whole = new int[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            steps[channel] = input * sizes[channel];
            whole[channel] = (int)Math.Clamp(Math.Round((double)offsets[channel] / steps[channel]), int.MinValue, int.MaxValue);
        }

        string biasName = $"{node.Output[0]}.bias";
        string step = Single($"{biasName}.scale", steps, channels), none = Bytes($"{biasName}.zero", new byte[channels * 4], TensorProto.Types.DataType.Int32, channels);
        string sums = Bytes($"{biasName}.integers", MemoryMarshal.AsBytes<int>(whole).ToArray(), TensorProto.Types.DataType.Int32, channels);
        Node("DequantizeLinear", $"{biasName}.read", [sums, step, none], OnnxAttribute.Integer("axis", 0));
        while (node.Input.Count < 3)
        {
            node.Input.Add("");
        }

        node.Input[2] = $"{biasName}.read";
    }

    private void Node(string operation, string output, string[] inputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = operation, Name = output + ".node" };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        node.Attribute.AddRange(attributes);
        _graph.Node.Add(node);
    }

    private string Single(string name, float[] values, params int[] shape) => Bytes(name, MemoryMarshal.AsBytes<float>(values).ToArray(), TensorProto.Types.DataType.Float, shape);

    private string Bytes(string name, byte[] bytes, TensorProto.Types.DataType type, params int[] shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(shape.Select(size => (long)size));
        _graph.Initializer.Add(tensor);
        return name;
    }
}
