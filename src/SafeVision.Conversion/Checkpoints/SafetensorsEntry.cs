using System.Text.Json;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>One tensor's entry in a safetensors header.</summary>
internal sealed record SafetensorsEntry(TensorElement Element, int[] Shape, long Begin, long End)
{
    public static SafetensorsEntry Parse(string path, string name, JsonElement json)
    {
        CheckpointException Error(string problem) => new($"{path}: tensor '{name}' {problem}.");

        if (json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("dtype", out JsonElement type) || type.ValueKind != JsonValueKind.String
            || !json.TryGetProperty("shape", out JsonElement sizes) || sizes.ValueKind != JsonValueKind.Array
            || !json.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.ValueKind != JsonValueKind.Array
            || offsets.GetArrayLength() != 2)
        {
            throw Error("needs dtype, shape and two data_offsets");
        }

        TensorElement element = type.GetString() switch
        {
            "F64" => TensorElement.Float64,
            "F32" => TensorElement.Float32,
            "F16" => TensorElement.Float16,
            "BF16" => TensorElement.BFloat16,
            "I64" => TensorElement.Int64,
            "I32" => TensorElement.Int32,
            "I16" => TensorElement.Int16,
            "I8" => TensorElement.Int8,
            "U16" => TensorElement.UInt16,
            "U8" => TensorElement.UInt8,
            "BOOL" => TensorElement.Bool,
            string other => throw Error($"has the type '{other}', which is not read here; save it as F32, F16, BF16, I64 or U8"),
            null => throw Error("has no type"),
        };

        if (sizes.GetArrayLength() > 8)
        {
            throw Error($"has {sizes.GetArrayLength()} dimensions; at most 8 are read");
        }

        int[] shape = new int[sizes.GetArrayLength()];
        Int128 bytes = element.Bytes(); // 8 factors below 2^31 could wrap around in 64 bits, and so could the last step here
        for (int i = 0; i < shape.Length; i++)
        {
            if (sizes[i].ValueKind != JsonValueKind.Number || !sizes[i].TryGetInt32(out shape[i]) || shape[i] < 0)
            {
                throw Error($"has the size {Excerpt(sizes[i])} in its shape");
            }

            bytes *= shape[i];
            if (bytes > int.MaxValue)
            {
                throw Error("is larger than 2 GiB, more than one tensor may be");
            }
        }

        if (!TryOffset(offsets[0], out long begin) || !TryOffset(offsets[1], out long end) || begin > end)
        {
            throw Error($"has the data_offsets {Excerpt(offsets)}");
        }

        return end - begin == (long)bytes
            ? new SafetensorsEntry(element, shape, begin, end)
            : throw Error($"of shape [{string.Join(", ", shape)}] takes {bytes} bytes, but its data_offsets span {end - begin}");
    }

    private static bool TryOffset(JsonElement json, out long value)
    {
        value = 0;
        return json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out value) && value >= 0;
    }

    private static string Excerpt(JsonElement json) => json.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : json.GetRawText();
}
