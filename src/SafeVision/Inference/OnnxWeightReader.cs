using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

/// <summary>Finds out in which files an ONNX file's tensors lie and how long these must be; tensors inside the file are skipped.</summary>
internal sealed class OnnxWeightReader(ProtobufReader reader, string path)
{
    private readonly Dictionary<string, long> _ends = [];

    /// <summary>The files that tensors named so far.</summary>
    public IReadOnlyList<OnnxExternalFile> ExternalFiles => [.. _ends.Select(file => new OnnxExternalFile(file.Key, file.Value))];

    /// <summary>Reads a sparse tensor: values and indices.</summary>
    public void SparseTensor()
    {
        foreach (int _ in reader.Fields(reader.Block()).Where(field => field is 1 or 2))
        {
            Tensor();
        }
    }

    /// <summary>Reads a dense tensor: a weight of the graph, or of a node.</summary>
    public void Tensor()
    {
        double elements = 1;
        (long type, bool isExternal, string location, long offset, long? length) = (0, false, "", 0, null);
        foreach (int field in reader.Fields(reader.Block()))
        {
            switch (field)
            {
                case 1 when reader.IsBlock:
                    long packedEnd = reader.Block();
                    for (int dimension = 0; reader.Position < packedEnd; dimension++)
                    {
                        reader.Bound(dimension, "dimensions of one tensor");
                        elements *= (long)reader.Varint(packedEnd);
                    }

                    break;
                case 1:
                    elements *= reader.Number();
                    break;
                case 2:
                    type = reader.Number();
                    break;
                case 13:
                    (string key, string value) = Entry();
                    location = key == "location" ? value : location;
                    offset = key == "offset" ? Bytes(key, value) : offset;
                    length = key == "length" ? Bytes(key, value) : length;
                    break;
                case 14:
                    isExternal = reader.Number() == 1;
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

    private (string Key, string Value) Entry()
    {
        (string key, string value) = ("", "");
        foreach (int field in reader.Fields(reader.Block()))
        {
            key = field == 1 ? reader.Text() : key;
            value = field == 2 ? reader.Text() : value;
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
