using System.Runtime.InteropServices;
using System.Text;

namespace SafeVision.Tests.Fakes;

/// <summary>Writes small ONNX files field by field (onnx.proto3), so that files no exporter would write can be made too.</summary>
internal sealed class OnnxBytes
{
    public const int Float = 1;
    public const int Int64 = 7;
    public const int Bool = 9;
    public const int Half = 10;
    public const int Double = 11;

    private readonly List<byte> _graph = [];

    public OnnxBytes Node(string operation, string[] inputs, string output, params (string Name, object Value)[] attributes) =>
        Node("", operation, inputs, [output], attributes);

    /// <summary>A node of any domain.</summary>
    public OnnxBytes Node(string domain, string operation, string[] inputs, string[] outputs, params (string Name, object Value)[] attributes)
    {
        var node = new List<byte>();
        Array.ForEach(inputs, input => Text(node, 1, input));
        Array.ForEach(outputs, output => Text(node, 2, output));
        Text(node, 4, operation);
        foreach ((string name, object value) in attributes)
        {
            var attribute = new List<byte>();
            Text(attribute, 1, name);
            if (value is long[] list)
            {
                Array.ForEach(list, item => Number(attribute, 8, item));
                Number(attribute, 20, 7);
            }
            else if (value is OnnxBytes graph)
            {
                Block(attribute, 6, graph._graph);
                Number(attribute, 20, 5);
            }
            else
            {
                Number(attribute, 3, (long)value);
                Number(attribute, 20, 2);
            }

            Block(node, 5, attribute);
        }

        Text(node, 7, domain);
        Block(_graph, 1, node);
        return this;
    }

    public OnnxBytes Weights(string name, long[] shape, ReadOnlySpan<float> values)
    {
        List<byte> tensor = Tensor(name, shape);
        Block(tensor, 9, [.. MemoryMarshal.AsBytes(values)]);
        Block(_graph, 5, tensor);
        return this;
    }

    /// <summary>Weights that lie in another file.</summary>
    public OnnxBytes ExternalWeights(string name, long[] shape, string location, string? offset = null, string? length = null)
    {
        List<byte> tensor = Tensor(name, shape);
        foreach ((string key, string? value) in new[] { ("location", location), ("offset", offset), ("length", length) })
        {
            if (value is not null)
            {
                var entry = new List<byte>();
                Text(entry, 1, key);
                Text(entry, 2, value);
                Block(tensor, 13, entry);
            }
        }

        Number(tensor, 14, 1);
        Block(_graph, 5, tensor);
        return this;
    }

    public OnnxBytes Input(string name, int type, params long[] shape) => Value(11, name, type, shape);

    public OnnxBytes Output(string name, int type, params long[] shape) => Value(12, name, type, shape);

    /// <summary>The file, with one operator set beside the standard one if named.</summary>
    public byte[] ToArray(long opset = 17, string? domain = null, long irVersion = 8, (string Domain, string Name)? function = null)
    {
        var model = new List<byte>();
        Number(model, 1, irVersion);
        Block(model, 7, [.. Named("graph"), .. _graph]);
        foreach ((string name, long version) in domain is null ? [("", opset)] : new[] { ("", opset), (domain, 1) })
        {
            var operators = new List<byte>();
            Text(operators, 1, name);
            Number(operators, 2, version);
            Block(model, 8, operators);
        }

        if (function is { } defined)
        {
            var body = new List<byte>();
            Text(body, 1, defined.Name);
            Text(body, 10, defined.Domain);
            Block(model, 25, body);
        }

        return [.. model];
    }

    private static List<byte> Named(string name)
    {
        var bytes = new List<byte>();
        Text(bytes, 2, name);
        return bytes;
    }

    private static List<byte> Tensor(string name, long[] shape)
    {
        var tensor = new List<byte>();
        Array.ForEach(shape, size => Number(tensor, 1, size));
        Number(tensor, 2, Float);
        Text(tensor, 8, name);
        return tensor;
    }

    /// <summary>A size of -1 leaves the dimension open.</summary>
    private OnnxBytes Value(int field, string name, int type, long[] shape)
    {
        var dimensions = new List<byte>();
        foreach (long size in shape)
        {
            var dimension = new List<byte>();
            if (size < 0)
            {
                Text(dimension, 2, "N");
            }
            else
            {
                Number(dimension, 1, size);
            }

            Block(dimensions, 1, dimension);
        }

        var tensorType = new List<byte>();
        Number(tensorType, 1, type);
        Block(tensorType, 2, dimensions);
        var valueType = new List<byte>();
        Block(valueType, 1, tensorType);
        var value = new List<byte>();
        Text(value, 1, name);
        Block(value, 2, valueType);
        Block(_graph, field, value);
        return this;
    }

    private static void Number(List<byte> bytes, int field, long value)
    {
        Varint(bytes, (ulong)(field << 3));
        Varint(bytes, (ulong)value);
    }

    private static void Text(List<byte> bytes, int field, string value) => Block(bytes, field, [.. Encoding.UTF8.GetBytes(value)]);

    private static void Block(List<byte> bytes, int field, List<byte> content)
    {
        Varint(bytes, (ulong)((field << 3) | 2));
        Varint(bytes, (ulong)content.Count);
        bytes.AddRange(content);
    }

    private static void Varint(List<byte> bytes, ulong value)
    {
        for (; value > 127; value >>= 7)
        {
            bytes.Add((byte)(value | 128));
        }

        bytes.Add((byte)value);
    }
}
