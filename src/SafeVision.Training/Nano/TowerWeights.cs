using Google.Protobuf;

namespace SafeVision.Training.Nano;

/// <summary>Takes the convolutions of an EfficientNet-Lite out of its ONNX file, each with its normalisation folded in and rounded to float16.</summary>
internal static class TowerWeights
{
    private const int Float = 1;
    private const int Half = 10;

    // Field numbers of onnx.proto: the graph of a model, the initializers of a graph, the parts of a tensor.
    private const int Graph = 7;
    private const int Initializer = 5;

    /// <summary>Adds <c>NAME.weight</c> and <c>NAME.bias</c> of the stem and all blocks under <see cref="CellTower.Prefix"/>.</summary>
    /// <exception cref="CheckpointException">The file holds no such network.</exception>
    public static void AddTo(NetworkWeights weights, ModelPackage tower)
    {
        using Stream stream = tower.Folder.OpenRead(tower.Manifest.File);
        Dictionary<string, (long[] Shape, float[] Values)> tensors = Read(stream);
        int found = 0;
        foreach ((string stored, (long[] shape, float[] values)) in tensors)
        {
            const string Suffix = ".weight/stored";
            if (!stored.EndsWith(Suffix, StringComparison.Ordinal) || stored.StartsWith("_fc", StringComparison.Ordinal) || stored.StartsWith("_conv_head", StringComparison.Ordinal))
            {
                continue;
            }

            string name = stored[..^Suffix.Length];
            if (!tensors.TryGetValue($"{name}.weight/factor", out var factor) || !tensors.TryGetValue($"{name}/bias", out var bias) || factor.Values.Length != shape[0] || bias.Values.Length != shape[0])
            {
                throw new CheckpointException($"{tower.Folder.Description}: '{name}' has no factor or no bias for each channel; a tower is efficientnet-lite0 in float32.");
            }

            Tensor folded = tensor(values, shape) * tensor(factor.Values, [shape[0], 1, 1, 1]);
            weights.Add($"{CellTower.Prefix}{name}.weight", folded.to(ScalarType.Float16).to(ScalarType.Float32)); // as the converted model stores it
            weights.Add($"{CellTower.Prefix}{name}.bias", tensor(bias.Values));
            found++;
        }

        if (found == 0)
        {
            throw new CheckpointException($"{tower.Folder.Description}: holds no convolutions that are known here; a tower is efficientnet-lite0 in float32.");
        }
    }

    private static Dictionary<string, (long[] Shape, float[] Values)> Read(Stream stream)
    {
        var tensors = new Dictionary<string, (long[], float[])>(StringComparer.Ordinal);
        using var model = new CodedInputStream(stream);
        Each(model, Graph, graph => Each(graph, Initializer, tensor =>
        {
            if (Tensor(tensor) is { Name: { } name } read)
            {
                tensors[name] = (read.Shape, read.Values);
            }
        }));
        return tensors;
    }

    private static void Each(CodedInputStream input, int field, Action<CodedInputStream> read)
    {
        while (input.ReadTag() is uint tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
            {
                using var nested = new CodedInputStream(input.ReadBytes().ToByteArray());
                read(nested);
            }
            else
            {
                input.SkipLastField();
            }
        }
    }

    private static (string? Name, long[] Shape, float[] Values) Tensor(CodedInputStream input)
    {
        var shape = new List<long>();
        int type = 0;
        string? name = null;
        byte[] raw = [];
        var floats = new List<float>();
        while (input.ReadTag() is uint tag and not 0)
        {
            switch ((WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag)))
            {
                case (1, WireFormat.WireType.Varint):
                    shape.Add(input.ReadInt64());
                    break;
                case (1, WireFormat.WireType.LengthDelimited):
                    using (var packed = new CodedInputStream(input.ReadBytes().ToByteArray()))
                    {
                        while (!packed.IsAtEnd)
                        {
                            shape.Add(packed.ReadInt64());
                        }
                    }

                    break;
                case (2, _):
                    type = input.ReadInt32();
                    break;
                case (4, WireFormat.WireType.LengthDelimited):
                    floats.AddRange(MemoryMarshal.Cast<byte, float>(input.ReadBytes().Span));
                    break;
                case (8, _):
                    name = input.ReadString();
                    break;
                case (9, _):
                    raw = input.ReadBytes().ToByteArray();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        float[] values = floats.Count > 0 ? [.. floats] : type switch
        {
            Float => MemoryMarshal.Cast<byte, float>(raw).ToArray(),
            Half => [.. Enumerable.Range(0, raw.Length / 2).Select(i => (float)BinaryPrimitives.ReadHalfLittleEndian(raw.AsSpan(2 * i)))],
            _ => [],
        };
        return (values.Length == shape.Aggregate(1L, (product, size) => product * size) ? name : null, [.. shape], values);
    }
}
