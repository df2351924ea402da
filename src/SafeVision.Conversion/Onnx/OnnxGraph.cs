namespace SafeVision.Conversion.Onnx;

/// <summary>Builds one ONNX graph: nodes in order, initializers once each, names that never collide.</summary>
internal sealed class OnnxGraph
{
    /// <summary>The domain of the operators that ONNX Runtime adds (its docs/ContribOperators.md).</summary>
    public const string RuntimeDomain = "com.microsoft";

    private const int FormatVersion = 10;
    private const int OperatorSet = 21; // of the standard operators

    private readonly GraphProto _graph;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<DeferredTensor> _deferred = [];

    public OnnxGraph(string name) => _graph = new GraphProto { Name = name };

    public GraphProto Proto => _graph;

    /// <summary>The initializers whose bytes are made while the file is written, in the order in which they were added.</summary>
    public IReadOnlyList<DeferredTensor> DeferredTensors => _deferred;

    /// <summary>Declares an input, whose name was claimed; a size of null is open and goes by the name that stands in its place.</summary>
    public void Input(string name, TensorProto.Types.DataType type, params (string Name, int? Size)[] shape) =>
        _graph.Input.Add(Value(name, type, shape));

    public void Output(string name, params (string Name, int? Size)[] shape) => Output(name, TensorProto.Types.DataType.Float, shape);

    public void Output(string name, TensorProto.Types.DataType type, params (string Name, int? Size)[] shape) =>
        _graph.Output.Add(Value(name, type, shape));

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
        Add("", operation, [output], inputs, attributes);
        return output;
    }

    /// <summary>Adds a node with several outputs; the name of one that is not asked for is empty.</summary>
    public void Node(string operation, ReadOnlySpan<string> outputs, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Add("", operation, outputs, inputs, attributes);

    /// <summary>Adds a node of an operator that ONNX Runtime adds to the standard ones.</summary>
    public string RuntimeNode(string operation, string output, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        Add(RuntimeDomain, operation, [output], inputs, attributes);
        return output;
    }

    /// <summary>The same with several outputs.</summary>
    public void RuntimeNode(string operation, ReadOnlySpan<string> outputs, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Add(RuntimeDomain, operation, outputs, inputs, attributes);

    public string Singles(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) => NamedSingles(Claim(name), values, shape);

    /// <summary>An initializer whose name was claimed: it may be an output of the graph.</summary>
    public string NamedSingles(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape) =>
        Initializer(name, TensorProto.Types.DataType.Float, MemoryMarshal.AsBytes(values).ToArray(), shape);

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

    /// <summary>An initializer whose bytes are made only while the file is written, so that no large weight is ever held.</summary>
    /// <param name="name">The wanted name; the one it gets is returned.</param>
    /// <param name="length">How many bytes <paramref name="write"/> writes.</param>
    /// <param name="write">Called once, and after those of all initializers that were added before.</param>
    public string Deferred(string name, TensorProto.Types.DataType type, ReadOnlySpan<int> shape, long length, Action<Stream> write)
    {
        var tensor = new TensorProto { Name = Claim(name), DataType = (int)type };
        foreach (int size in shape)
        {
            tensor.Dims.Add(size);
        }

        _graph.Initializer.Add(tensor);
        _deferred.Add(new DeferredTensor(tensor, length, write));
        return tensor.Name;
    }

    public ModelProto ToModel(string producer, string version) => ToModel(producer, version, _graph);

    /// <summary>A model of part of the graph.</summary>
    public static ModelProto ToModel(string producer, string version, GraphProto part)
    {
        var model = new ModelProto { IrVersion = FormatVersion, ProducerName = producer, ProducerVersion = version, Graph = part };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OperatorSet });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = RuntimeDomain, Version = 1 });
        return model;
    }

    private void Add(string domain, string operation, ReadOnlySpan<string> outputs, ReadOnlySpan<string> inputs, ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = operation, Domain = domain, Name = outputs[0] };
        node.Input.AddRange(inputs.ToArray());
        node.Output.AddRange(outputs.ToArray());
        node.Attribute.AddRange(attributes.ToArray());
        _graph.Node.Add(node);
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

/// <summary>Attributes of nodes.</summary>
internal static class OnnxAttribute
{
    public static AttributeProto Integer(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Text(string name, string value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    public static AttributeProto Number(string name, double value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = (float)value };

    public static AttributeProto Integers(string name, params ReadOnlySpan<int> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        foreach (int value in values)
        {
            attribute.Ints.Add(value);
        }

        return attribute;
    }
}

/// <summary>Puts matrices of a checkpoint into graphs as float32.</summary>
internal static class OnnxMatrix
{
    /// <summary>Adds a float32 initializer of any shape that has the matrix's numbers, and returns its name.</summary>
    public static string Weights(this OnnxGraph graph, string name, WeightMatrix matrix, params ReadOnlySpan<int> shape)
    {
        return graph.Deferred(name, TensorProto.Types.DataType.Float, shape, matrix.Count * sizeof(float), stream => RowGroups.Write(matrix, matrix.Columns * sizeof(float), Pack, stream));

        void Pack(int row, ReadOnlySpan<float> numbers, Span<byte> bytes)
        {
            if (!TensorPrimitives.IsFiniteAll(numbers))
            {
                throw new CheckpointException($"'{matrix.Name}': holds NaN or an infinite number; the checkpoint is damaged.");
            }

            MemoryMarshal.AsBytes(numbers).CopyTo(bytes);
        }
    }
}
