using System.Globalization;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

/// <summary>Finds out in which files an ONNX file's tensors lie and how long these must be; tensors inside the file are skipped.</summary>
internal sealed class OnnxWeightReader(ProtobufReader reader, string path)
{
    private readonly Dictionary<string, long> _ends = [];

    /// <summary>The files that tensors named so far.</summary>
    public IReadOnlyList<OnnxExternalFile> ExternalFiles => [.. _ends.Select(file => new OnnxExternalFile(file.Key, file.Value))];

    /// <summary>Reads a sparse tensor: values and indices.</summary>
    public void SparseTensor(long end)
    {
        while (reader.Next(end, out int field, out ProtobufWire wire))
        {
            if (field is 1 or 2)
            {
                Tensor(reader.Block(wire, end));
            }
        }
    }

    /// <summary>Reads a dense tensor: a weight of the graph, or of a node.</summary>
    public void Tensor(long end)
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
                        reader.Bound(dimension, "dimensions of one tensor");
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
            }
        }

        if (isExternal)
        {
            double last = offset + (length ?? (elements * BitsOf((TensorElementType)type) / 8));
            if (!(last is >= 0 and < long.MaxValue))
            {
                throw reader.Damaged("weights in another file have no possible size");
            }

            reader.Bound(_ends.Count, "files of weights");
            _ends[location] = Math.Max(_ends.GetValueOrDefault(location), length is { } known ? offset + known : (long)last);
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
            }
        }

        return (key, value);
    }

    private long Bytes(string key, string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes <= long.MaxValue / 4
            ? bytes
            : throw new ModelLoadException($"{path}: the {key} of weights in another file is '{value[..Math.Min(value.Length, 40)]}', which is no number of bytes. Export the model again.");

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

/// <summary>Reads names, element types and shapes of a graph's inputs and outputs.</summary>
internal sealed class OnnxValueReader(ProtobufReader reader)
{
    private const int MostDimensions = 64;

    /// <summary>Reads one input or output.</summary>
    public OnnxTensorInfo Value(long end)
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
            }
        }

        return type with { Name = name };
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
            }

            if (dimensions.Count == MostDimensions)
            {
                throw reader.Damaged($"a tensor has more than {MostDimensions} dimensions");
            }

            dimensions.Add(size);
        }
    }
}
