using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tfjs;

/// <summary>One entry of a weights manifest (github.com/tensorflow/tfjs, tfjs-core/src/io/types.ts, WeightsManifestEntry).</summary>
internal static class TfjsWeight
{
    private const int MostDimensions = 8;

    /// <summary>The entry's tensor, cut from the group's bytes at <paramref name="offset"/>, which moves on.</summary>
    public static StoredTensor Read(string path, JsonElement json, ReadOnlyMemory<byte> bytes, ref int offset)
    {
        string name = CheckpointJson.Text(json, "name", $"{path}: weightsManifest");
        string where = $"{path}: weight '{name}'";
        int[] shape = Shape(json, where);
        TensorElement element = Element(CheckpointJson.Text(json, "dtype", where), where);
        Dequantization? dequantization = null;
        if (json.TryGetProperty("quantization", out JsonElement quantization))
        {
            string stored = CheckpointJson.Text(quantization, "dtype", where);
            element = stored switch
            {
                "uint8" => TensorElement.UInt8,
                "uint16" => TensorElement.UInt16,
                "float16" => TensorElement.Float16,
                _ => throw new CheckpointException($"{where}: the quantisation '{stored}' is not known; uint8, uint16 and float16 are."),
            };
            if (element != TensorElement.Float16)
            {
                dequantization = new Dequantization([CheckpointJson.Number(quantization, "scale", where)], CheckpointJson.Number(quantization, "min", where));
            }
        }

        Int128 size = element.Bytes();
        foreach (int dimension in shape)
        {
            size *= dimension;
            if (size > bytes.Length - offset)
            {
                throw new CheckpointException($"{where}: shape [{string.Join(", ", shape)}] takes more bytes than the {bytes.Length - offset} that are left in the shards.");
            }
        }

        if (size > bytes.Length - offset)
        {
            throw new CheckpointException($"{where}: the shards end before it.");
        }

        var tensor = new StoredTensor(name, shape, element, bytes.Slice(offset, (int)size), dequantization);
        offset += (int)size;
        return tensor;
    }

    private static int[] Shape(JsonElement json, string where)
    {
        JsonElement sizes = CheckpointJson.Property(json, "shape", JsonValueKind.Array, where);
        return sizes.GetArrayLength() <= MostDimensions && sizes.EnumerateArray().All(size => size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out int value) && value >= 0)
            ? [.. sizes.EnumerateArray().Select(size => size.GetInt32())]
            : throw new CheckpointException($"{where}: the shape must be at most {MostDimensions} whole numbers that are not negative.");
    }

    private static TensorElement Element(string type, string where) => type switch
    {
        "float32" => TensorElement.Float32,
        "int32" => TensorElement.Int32,
        "bool" => TensorElement.Bool,
        "uint8" => TensorElement.UInt8,
        _ => throw new CheckpointException($"{where}: the type '{type}' is not known."),
    };
}
