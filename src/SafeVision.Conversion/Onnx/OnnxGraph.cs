using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Onnx;

/// <summary>Builds one ONNX graph: nodes in order, initializers once each, names that never collide.</summary>
internal sealed class OnnxGraph
{
    /// <summary>The operator set of the graph; 17 brought LayerNormalization.</summary>
    public const int OperatorSet = 17;

    private const int IntermediateRepresentation = 8;

    private readonly GraphProto _graph;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public OnnxGraph(string name) => _graph = new GraphProto { Name = name };

    public GraphProto Proto => _graph;

    /// <summary>Declares an input, whose name was claimed; a size of null is open and goes by the name that stands in its place.</summary>
    public void Input(string name, TensorProto.Types.DataType type, params (string Name, int? Size)[] shape) =>
        _graph.Input.Add(Value(name, type, shape));

    public void Output(string name, params (string Name, int? Size)[] shape) =>
        _graph.Output.Add(Value(name, TensorProto.Types.DataType.Float, shape));

    /// <summary>Keeps a name for a value to come.</summary>
    public string Claim(string name)
    {
        string unique = name;
        for (int i = 2; !_names.Add(unique); i++)
        {
            unique = $"{name}_{i}";
        }

        return unique;
    }

    /// <summary>Adds a node whose only output has a name that was claimed, and returns that name.</summary>
    public string Node(string operation, string output, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = operation, Name = output };
        node.Input.AddRange(inputs.ToArray());
        node.Output.Add(output);
        node.Attribute.AddRange(attributes.ToArray());
        _graph.Node.Add(node);
        return output;
    }

    public string Singles(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) => NamedSingles(Claim(name), values, shape);

    /// <summary>An initializer whose name was claimed: it may be an output of the graph.</summary>
    public string NamedSingles(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Initializer(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values).ToArray(), shape);

    public string Doubles(string name, ReadOnlySpan<double> values, params ReadOnlySpan<int> shape) =>
        Initializer(Claim(name), TensorProto.Types.DataType.Double, MemoryMarshal.AsBytes(values).ToArray(), shape);

    public string Integers(string name, ReadOnlySpan<long> values, params ReadOnlySpan<int> shape)
    {
        byte[] bytes = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), values[i]);
        }

        return Initializer(Claim(name), TensorProto.Types.DataType.Int64, bytes, shape);
    }

    /// <summary>A tensor as it is stored, whatever its numbers stand for.</summary>
    public string Stored(string name, StoredTensor tensor) => Initializer(
        Claim(name),
        tensor.Element switch
        {
            TensorElement.Float32 => TensorProto.Types.DataType.Float,
            TensorElement.Float16 => TensorProto.Types.DataType.Float16,
            TensorElement.BFloat16 => TensorProto.Types.DataType.Bfloat16,
            TensorElement.UInt8 => TensorProto.Types.DataType.Uint8,
            TensorElement.Int8 => TensorProto.Types.DataType.Int8,
            _ => throw new CheckpointException($"Tensor '{tensor.Name}' holds {tensor.Element}, which weights can't be."),
        },
        tensor.Bytes,
        [.. tensor.Shape]);

    /// <summary>The finished model.</summary>
    public ModelProto ToModel(string producer, string version)
    {
        var model = new ModelProto { IrVersion = IntermediateRepresentation, ProducerName = producer, ProducerVersion = version, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OperatorSet });
        return model;
    }

    // The bytes may be those of a mapped file: they are written from where they lie.
    private string Initializer(string name, TensorProto.Types.DataType type, ReadOnlyMemory<byte> bytes, ReadOnlySpan<int> shape)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = UnsafeByteOperations.UnsafeWrap(bytes) };
        foreach (int size in shape)
        {
            tensor.Dims.Add(size);
        }

        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static ValueInfoProto Value(string name, TensorProto.Types.DataType type, (string Name, int? Size)[] shape)
    {
        var sizes = new TensorShapeProto();
        foreach ((string dimension, int? size) in shape)
        {
            sizes.Dim.Add(size is { } value
                ? new TensorShapeProto.Types.Dimension { DimValue = value }
                : new TensorShapeProto.Types.Dimension { DimParam = dimension });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = sizes } } };
    }
}
