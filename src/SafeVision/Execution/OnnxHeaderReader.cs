using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Execution;

/// <summary>
/// Walks an ONNX file. Field numbers are those of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3);
/// each method reads one message of it.
/// </summary>
internal sealed class OnnxHeaderReader(ProtobufReader reader, string path)
{
    // Models of the largest size have about 100 distinct operators, 400 inputs and a handful of files.
    private const int Most = 16384;
    private const int DeepestGraph = 16;
    private const int MostDimensions = 64;

    private readonly Dictionary<string, long> _opsets = [];
    private readonly HashSet<OnnxOperator> _operators = [];
    private readonly HashSet<OnnxOperator> _functions = [];
    private readonly List<OnnxTensorInfo> _inputs = [];
    private readonly List<OnnxTensorInfo> _outputs = [];
    private readonly Dictionary<string, long> _external = [];
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
                default:
                    reader.Skip(wire, reader.Length);
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
            ExternalFiles = [.. _external.Select(file => new OnnxExternalFile(file.Key, file.Value))],
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
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        Bound(_opsets.Count, "operator sets");
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
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        Bound(_functions.Count, "functions");
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
                    Tensor(reader.Block(wire, end));
                    break;
                case 11 when depth == 0:
                    Value(reader.Block(wire, end), _inputs);
                    break;
                case 12 when depth == 0:
                    Value(reader.Block(wire, end), _outputs);
                    break;
                case 15:
                    SparseTensor(reader.Block(wire, end));
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }
    }

    /// <param name="end">Where the node ends.</param>
    /// <param name="depth">How many graphs lie around it.</param>
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
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        if (inFunction)
        {
            return;
        }

        Bound(_operators.Count, "operators");
        _operators.Add(new OnnxOperator(StandardDomain(domain), operation));
        if (depth == 0 && operation == "GroupQueryAttention" && domain == "com.microsoft")
        {
            reader.Position = start;
            (List<string> inputs, List<string> outputs) = Connections(end);
            Bound(_attentions.Count, "attention nodes");
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
                Bound(names.Count, "tensors at one node");
                names.Add(reader.Text(wire, end));
            }
            else
            {
                reader.Skip(wire, end);
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
                    Tensor(reader.Block(wire, end));
                    break;
                case 6 or 11:
                    Graph(reader.Block(wire, end), depth + 1, inFunction);
                    break;
                case 22 or 23:
                    SparseTensor(reader.Block(wire, end));
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        return (name, number);
    }

    private void SparseTensor(long end)
    {
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            if (field is 1 or 2)
            {
                Tensor(reader.Block(wire, end));
            }
            else
            {
                reader.Skip(wire, end);
            }
        }
    }

    private void Tensor(long end)
    {
        double elements = 1;
        long type = 0;
        bool isExternal = false;
        string location = "";
        long offset = 0;
        long? length = null;
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1 when wire == ProtobufWire.Block:
                    long packedEnd = reader.Block(wire, end);
                    for (int dimension = 0; reader.Position < packedEnd; dimension++)
                    {
                        Bound(dimension, "dimensions of one tensor");
                        elements *= (long)reader.Varint(packedEnd);
                    }

                    break;
                case 1:
                    elements *= reader.Number(wire, end);
                    break;
                case 2:
                    type = reader.Number(wire, end);
                    break;
                case 13:
                    (string key, string value) = Entry(reader.Block(wire, end));
                    switch (key)
                    {
                        case "location":
                            location = value;
                            break;
                        case "offset":
                            offset = Bytes(key, value);
                            break;
                        case "length":
                            length = Bytes(key, value);
                            break;
                    }

                    break;
                case 14:
                    isExternal = reader.Number(wire, end) == 1;
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        if (isExternal)
        {
            double last = offset + (length ?? (elements * BitsOf((TensorElementType)type) / 8));
            if (!(last is >= 0 and < long.MaxValue))
            {
                throw reader.Damaged("weights in another file have no possible size");
            }

            Bound(_external.Count, "files of weights");
            _external[location] = Math.Max(_external.GetValueOrDefault(location), length is { } known ? offset + known : (long)last);
        }
    }

    private (string Key, string Value) Entry(long end)
    {
        string key = "";
        string value = "";
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    key = reader.Text(wire, end);
                    break;
                case 2:
                    value = reader.Text(wire, end);
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        return (key, value);
    }

    private void Value(long end, List<OnnxTensorInfo> values)
    {
        string name = "";
        var type = new OnnxTensorInfo("", 0, []);
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            switch (field)
            {
                case 1:
                    name = reader.Text(wire, end);
                    break;
                case 2:
                    type = ValueType(reader.Block(wire, end));
                    break;
                default:
                    reader.Skip(wire, end);
                    break;
            }
        }

        Bound(values.Count, "inputs or outputs");
        values.Add(type with { Name = name });
    }

    /// <summary>Element type and shape of a tensor; undefined for sequences, maps and the like.</summary>
    private OnnxTensorInfo ValueType(long end)
    {
        TensorElementType type = 0;
        List<long> dimensions = [];
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            if (field != 1)
            {
                reader.Skip(wire, end);
                continue;
            }

            long tensorEnd = reader.Block(wire, end);
            while (reader.Next(tensorEnd, out int part, out wire))
            {
                switch (part)
                {
                    case 1:
                        type = (TensorElementType)(int)Math.Clamp(reader.Number(wire, tensorEnd), 0, int.MaxValue);
                        break;
                    case 2:
                        Shape(reader.Block(wire, tensorEnd), dimensions);
                        break;
                    default:
                        reader.Skip(wire, tensorEnd);
                        break;
                }
            }
        }

        return new OnnxTensorInfo("", type, dimensions);
    }

    private void Shape(long end, List<long> dimensions)
    {
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            if (field != 1)
            {
                reader.Skip(wire, end);
                continue;
            }

            long size = -1;
            long dimensionEnd = reader.Block(wire, end);
            while (reader.Next(dimensionEnd, out int part, out wire))
            {
                if (part == 1)
                {
                    size = Math.Max(-1, reader.Number(wire, dimensionEnd));
                }
                else
                {
                    reader.Skip(wire, dimensionEnd);
                }
            }

            if (dimensions.Count == MostDimensions)
            {
                throw reader.Damaged($"a tensor has more than {MostDimensions} dimensions");
            }

            dimensions.Add(size);
        }
    }

    private long Bytes(string key, string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes <= long.MaxValue / 4
            ? bytes
            : throw new ModelLoadException($"{path}: the {key} of weights in another file is '{value[..Math.Min(value.Length, 40)]}', which is no number of bytes. Export the model again.");

    private void Bound(int count, string what)
    {
        if (count >= Most)
        {
            throw reader.Damaged($"it has more than {Most} {what}");
        }
    }

    private static string StandardDomain(string domain) => domain == "ai.onnx" ? "" : domain;

    /// <summary>0 for types whose size is not fixed or not known here.</summary>
    private static int BitsOf(TensorElementType type) => (int)type switch
    {
        1 or 6 or 12 => 32, // float, int32, uint32
        2 or 3 or 9 => 8, // uint8, int8, bool
        >= 17 and <= 20 => 8, // 8-bit floats
        4 or 5 or 10 or 16 => 16, // uint16, int16, float16, bfloat16
        7 or 11 or 13 or 14 => 64, // int64, double, uint64, complex64
        15 => 128, // complex128
        21 or 22 or 23 => 4, // uint4, int4, float4
        _ => 0,
    };
}
