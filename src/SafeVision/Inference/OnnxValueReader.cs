using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

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
                default:
                    reader.Skip(wire, end);
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
}
