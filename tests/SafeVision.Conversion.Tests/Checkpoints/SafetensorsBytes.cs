using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace SafeVision.Conversion.Tests.Checkpoints;

/// <summary>Makes safetensors files, sound and unsound.</summary>
internal static class SafetensorsBytes
{
    /// <summary>A file of tensors.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="type">F32; or F16 or BF16, to which the numbers are rounded.</param>
    public static byte[] Create(IEnumerable<(string Name, int[] Shape, float[] Values)> tensors, string type = "F32")
    {
        var header = new JsonObject();
        var data = new MemoryStream();
        foreach ((string name, int[] shape, float[] values) in tensors)
        {
            long begin = data.Length;
            data.Write(type switch
            {
                "F16" => MemoryMarshal.AsBytes<Half>(values.Select(value => (Half)value).ToArray()),
                "BF16" => MemoryMarshal.AsBytes<ushort>(values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)).ToArray()),
                _ => MemoryMarshal.AsBytes(values.AsSpan()),
            });
            header[name] = Entry(type, shape, begin, data.Length);
        }

        return Create(header.ToJsonString(), data.ToArray());
    }

    /// <summary>A file of a header and data that need not fit.</summary>
    public static byte[] Create(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header), length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, text.Length);
        return [.. length, .. text, .. data];
    }

    public static JsonObject Entry(string type, int[] shape, long begin, long end) => new()
    {
        ["dtype"] = type,
        ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]),
        ["data_offsets"] = new JsonArray(begin, end),
    };
}
