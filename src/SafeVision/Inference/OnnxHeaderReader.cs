namespace SafeVision.Inference;

/// <summary>Walks an ONNX file. Field numbers are those of onnx.proto3
/// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3); each method reads one message of it.</summary>
internal sealed class OnnxHeaderReader(ProtobufReader reader, string path)
{
    private const int DeepestGraph = 16;

    private readonly OnnxWeightReader _weights = new(reader, path);
    private readonly OnnxValueReader _values = new(reader);

    private readonly Dictionary<string, long> _opsets = [];
    private readonly HashSet<OnnxOperator> _operators = [];
    private readonly HashSet<OnnxOperator> _functions = [];
    private readonly List<OnnxTensorInfo> _inputs = [];
    private readonly List<OnnxTensorInfo> _outputs = [];
    private readonly List<OnnxGroupQueryAttention> _attentions = [];

    public OnnxHeader Read()
    {
        long version = 0;
        bool hasGraph = false;
        while (reader.Next(reader.Length, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    version = reader.Number(wire, reader.Length);
                    break;
                case 7:
                    Graph(reader.Block(wire, reader.Length), depth: 0);
                    hasGraph = true;
                    break;
                case 8:
                    OperatorSet(reader.Block(wire, reader.Length));
                    break;
                case 25:
                    Function(reader.Block(wire, reader.Length));
                    break;
            }
        }

        return !hasGraph ? throw reader.Damaged("it has no graph") : new OnnxHeader
        {
            IrVersion = version,
            Opsets = _opsets,
            Operators = _operators,
            Functions = _functions,
            Inputs = _inputs,
            Outputs = _outputs,
            ExternalFiles = _weights.ExternalFiles,
            GroupQueryAttentions = _attentions,
        };
    }

    private void OperatorSet(long end)
    {
        string domain = "";
        long version = 0;
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    domain = reader.Text(wire, end);
                    break;
                case 2:
                    version = reader.Number(wire, end);
                    break;
            }
        }

        reader.Bound(_opsets.Count, "operator sets");
        _opsets[StandardDomain(domain)] = version;
    }

    private void Function(long end)
    {
        string domain = "";
        string name = "";
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    name = reader.Text(wire, end);
                    break;
                case 7:
                    Node(reader.Block(wire, end), depth: 0, inFunction: true);
                    break;
                case 10:
                    domain = reader.Text(wire, end);
                    break;
            }
        }

        reader.Bound(_functions.Count, "functions");
        _functions.Add(new OnnxOperator(StandardDomain(domain), name));
    }

    private void Graph(long end, int depth, bool inFunction = false)
    {
        if (depth > DeepestGraph)
        {
            throw reader.Damaged($"graphs lie more than {DeepestGraph} deep in each other");
        }

        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    Node(reader.Block(wire, end), depth, inFunction);
                    break;
                case 5:
                    _weights.Tensor(reader.Block(wire, end));
                    break;
                case 11 when depth == 0:
                    reader.Bound(_inputs.Count, "inputs");
                    _inputs.Add(_values.Value(reader.Block(wire, end)));
                    break;
                case 12 when depth == 0:
                    reader.Bound(_outputs.Count, "outputs");
                    _outputs.Add(_values.Value(reader.Block(wire, end)));
                    break;
                case 15:
                    _weights.SparseTensor(reader.Block(wire, end));
                    break;
            }
        }
    }

    /// <param name="end">Where the node ends.</param>
    /// <param name="inFunction">Whether it belongs to a function, whose operator sets are its own: only its weights matter then.</param>
    private void Node(long end, int depth, bool inFunction)
    {
        long start = reader.Position;
        string operation = "";
        string domain = "";
        (int heads, int keyValueHeads) = (0, 0);
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 4:
                    operation = reader.Text(wire, end);
                    break;
                case 5:
                    (string name, long number) = Attribute(reader.Block(wire, end), depth, inFunction);
                    heads = name == "num_heads" ? (int)Math.Clamp(number, 0, int.MaxValue) : heads;
                    keyValueHeads = name == "kv_num_heads" ? (int)Math.Clamp(number, 0, int.MaxValue) : keyValueHeads;
                    break;
                case 7:
                    domain = reader.Text(wire, end);
                    break;
            }
        }

        if (inFunction)
        {
            return;
        }

        reader.Bound(_operators.Count, "operators");
        _operators.Add(new OnnxOperator(StandardDomain(domain), operation));
        if (depth == 0 && operation == "GroupQueryAttention" && domain == "com.microsoft")
        {
            reader.Position = start;
            (List<string> inputs, List<string> outputs) = Connections(end);
            reader.Bound(_attentions.Count, "attention nodes");
            _attentions.Add(new OnnxGroupQueryAttention(At(inputs, 3), At(inputs, 4), At(outputs, 1), At(outputs, 2), heads, keyValueHeads));
        }

        static string At(List<string> names, int index) => index < names.Count ? names[index] : "";
    }

    private (List<string> Inputs, List<string> Outputs) Connections(long end)
    {
        List<string> inputs = [];
        List<string> outputs = [];
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            if (field is 1 or 2)
            {
                List<string> names = field == 1 ? inputs : outputs;
                reader.Bound(names.Count, "tensors at one node");
                names.Add(reader.Text(wire, end));
            }
        }

        return (inputs, outputs);
    }

    private (string Name, long Number) Attribute(long end, int depth, bool inFunction)
    {
        string name = "";
        long number = 0;
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    name = reader.Text(wire, end);
                    break;
                case 3:
                    number = reader.Number(wire, end);
                    break;
                case 5 or 10:
                    _weights.Tensor(reader.Block(wire, end));
                    break;
                case 6 or 11:
                    Graph(reader.Block(wire, end), depth + 1, inFunction);
                    break;
                case 22 or 23:
                    _weights.SparseTensor(reader.Block(wire, end));
                    break;
            }
        }

        return (name, number);
    }

    private static string StandardDomain(string domain) => domain == "ai.onnx" ? "" : domain;
}
