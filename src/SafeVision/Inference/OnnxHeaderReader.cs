using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

/// <summary>Walks an ONNX file. Field numbers are those of onnx.proto3
/// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3); each method reads one message of it.</summary>
internal sealed class OnnxHeaderReader(ProtobufReader reader, string path)
{
    private const int DeepestGraph = 16;
    private const int MostDimensions = 64;

    private readonly OnnxWeightReader _weights = new(reader, path);
    private readonly Dictionary<string, long> _opsets = [];
    private readonly List<OnnxTensorInfo> _inputs = [];
    private readonly List<OnnxTensorInfo> _outputs = [];
    private readonly List<OnnxGroupQueryAttention> _attentions = [];

    public OnnxHeader Read()
    {
        long version = 0;
        bool hasGraph = false;
        foreach (int field in reader.Fields(reader.Length))
        {
            switch (field)
            {
                case 1:
                    version = reader.Number();
                    break;
                case 7:
                    Graph(depth: 0);
                    hasGraph = true;
                    break;
                case 8:
                    OperatorSet();
                    break;
                case 25:
                    Function();
                    break;
            }
        }

        return !hasGraph ? throw reader.Damaged("it has no graph") : new OnnxHeader
        {
            IrVersion = version,
            Opsets = _opsets,
            Inputs = _inputs,
            Outputs = _outputs,
            ExternalFiles = _weights.ExternalFiles,
            GroupQueryAttentions = _attentions,
        };
    }

    private void OperatorSet()
    {
        (string domain, long version) = ("", 0);
        foreach (int field in reader.Fields(reader.Block()))
        {
            domain = field == 1 ? reader.Text() : domain;
            version = field == 2 ? reader.Number() : version;
        }

        reader.Bound(_opsets.Count, "operator sets");
        _opsets[domain == "ai.onnx" ? "" : domain] = version;
    }

    /// <summary>A function of the file's own, whose nodes may hold weights.</summary>
    private void Function()
    {
        foreach (int _ in reader.Fields(reader.Block()).Where(field => field == 7))
        {
            Node(depth: 1);
        }
    }

    private void Graph(int depth)
    {
        if (depth > DeepestGraph)
        {
            throw reader.Damaged($"graphs lie more than {DeepestGraph} deep in each other");
        }

        foreach (int field in reader.Fields(reader.Block()))
        {
            switch (field)
            {
                case 1:
                    Node(depth);
                    break;
                case 5:
                    _weights.Tensor();
                    break;
                case 11 when depth == 0:
                    Value(_inputs, "inputs");
                    break;
                case 12 when depth == 0:
                    Value(_outputs, "outputs");
                    break;
                case 15:
                    _weights.SparseTensor();
                    break;
            }
        }
    }

    private void Node(int depth)
    {
        long end = reader.Block(), start = reader.Position;
        (string operation, string domain, int heads, int keyValueHeads) = ("", "", 0, 0);
        foreach (int field in reader.Fields(end))
        {
            operation = field == 4 ? reader.Text() : operation;
            domain = field == 7 ? reader.Text() : domain;
            if (field == 5)
            {
                (string name, long number) = Attribute(depth);
                heads = name == "num_heads" ? (int)Math.Clamp(number, 0, int.MaxValue) : heads;
                keyValueHeads = name == "kv_num_heads" ? (int)Math.Clamp(number, 0, int.MaxValue) : keyValueHeads;
            }
        }

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
        List<string> inputs = [], outputs = [];
        foreach (int field in reader.Fields(end).Where(field => field is 1 or 2))
        {
            List<string> names = field == 1 ? inputs : outputs;
            reader.Bound(names.Count, "tensors at one node");
            names.Add(reader.Text());
        }

        return (inputs, outputs);
    }

    private (string Name, long Number) Attribute(int depth)
    {
        (string name, long number) = ("", 0);
        foreach (int field in reader.Fields(reader.Block()))
        {
            switch (field)
            {
                case 1:
                    name = reader.Text();
                    break;
                case 3:
                    number = reader.Number();
                    break;
                case 5 or 10:
                    _weights.Tensor();
                    break;
                case 6 or 11:
                    Graph(depth + 1);
                    break;
                case 22 or 23:
                    _weights.SparseTensor();
                    break;
            }
        }

        return (name, number);
    }

    /// <summary>An input or output: its name, element type and shape.</summary>
    private void Value(List<OnnxTensorInfo> values, string what)
    {
        reader.Bound(values.Count, what);
        var value = new OnnxTensorInfo("", 0, []);
        foreach (int field in reader.Fields(reader.Block()))
        {
            value = field switch
            {
                1 => value with { Name = reader.Text() },
                2 => ValueType() with { Name = value.Name },
                _ => value,
            };
        }

        values.Add(value);
    }

    /// <summary>Element type and shape of a tensor; undefined for sequences, maps and the like.</summary>
    private OnnxTensorInfo ValueType()
    {
        TensorElementType type = 0;
        List<long> dimensions = [];
        foreach (int _ in reader.Fields(reader.Block()).Where(kind => kind == 1))
        {
            foreach (int part in reader.Fields(reader.Block()))
            {
                type = part == 1 ? (TensorElementType)(int)Math.Clamp(reader.Number(), 0, int.MaxValue) : type;
                if (part == 2)
                {
                    Shape(dimensions);
                }
            }
        }

        return new OnnxTensorInfo("", type, dimensions);
    }

    private void Shape(List<long> dimensions)
    {
        foreach (int _ in reader.Fields(reader.Block()).Where(field => field == 1))
        {
            long size = -1;
            foreach (int part in reader.Fields(reader.Block()))
            {
                size = part == 1 ? Math.Max(-1, reader.Number()) : size;
            }

            if (dimensions.Count == MostDimensions)
            {
                throw reader.Damaged($"a tensor has more than {MostDimensions} dimensions");
            }

            dimensions.Add(size);
        }
    }
}
