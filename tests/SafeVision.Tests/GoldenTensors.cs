using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SafeVision.Tests;

/// <summary>Float32 arrays in the files that reference implementations left: NumPy's npz and safetensors.</summary>
internal static class GoldenTensors
{
    /// <summary>An array of an npz file.</summary>
    public static (int[] Shape, float[] Values) Npz(string file, string key)
    {
        using ZipArchive archive = ZipFile.OpenRead(PathOf(file));
        using Stream entry = archive.GetEntry(key + ".npy")!.Open();
        using var copy = new MemoryStream();
        entry.CopyTo(copy);
        byte[] bytes = copy.ToArray();

        // Version 1.0: ten bytes, of which the last two are the header's length, then the header, a Python dictionary.
        int headerLength = BitConverter.ToUInt16(bytes, 8);
        string header = Encoding.ASCII.GetString(bytes, 10, headerLength);
        Assert.Contains("'<f4'", header, StringComparison.Ordinal);
        Assert.Contains("'fortran_order': False", header, StringComparison.Ordinal);
        int open = header.IndexOf('(', StringComparison.Ordinal), close = header.IndexOf(')', StringComparison.Ordinal);
        int[] shape =
        [
            .. header[(open + 1)..close].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(size => int.Parse(size, CultureInfo.InvariantCulture)),
        ];
        return (shape, MemoryMarshal.Cast<byte, float>(bytes.AsSpan(10 + headerLength)).ToArray());
    }

    /// <summary>A tensor of a safetensors file.</summary>
    public static (int[] Shape, float[] Values) SafeTensors(string file, string name)
    {
        (int[] shape, string type, byte[] bytes) = SafeTensor(file, name);
        Assert.Equal("F32", type);
        return (shape, MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    /// <summary>A tensor of 64-bit integers of a safetensors file.</summary>
    public static (int[] Shape, long[] Values) SafeTensorsInt64(string file, string name)
    {
        (int[] shape, string type, byte[] bytes) = SafeTensor(file, name);
        Assert.Equal("I64", type);
        return (shape, MemoryMarshal.Cast<byte, long>(bytes).ToArray());
    }

    /// <summary>A tensor of bytes of a safetensors file.</summary>
    public static (int[] Shape, byte[] Values) SafeTensorsBytes(string file, string name)
    {
        (int[] shape, string type, byte[] bytes) = SafeTensor(file, name);
        Assert.Equal("U8", type);
        return (shape, bytes);
    }

    private static (int[] Shape, string Type, byte[] Bytes) SafeTensor(string file, string name)
    {
        byte[] bytes = File.ReadAllBytes(PathOf(file));
        int headerLength = (int)BitConverter.ToUInt64(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        JsonElement tensor = header.RootElement.GetProperty(name);
        int[] shape = [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        JsonElement offsets = tensor.GetProperty("data_offsets");
        Range range = (8 + headerLength + offsets[0].GetInt32())..(8 + headerLength + offsets[1].GetInt32());
        return (shape, tensor.GetProperty("dtype").GetString()!, bytes[range]);
    }

    /// <summary>Whether a safetensors file has a tensor of that name.</summary>
    public static bool Has(string file, string name)
    {
        byte[] bytes = File.ReadAllBytes(PathOf(file));
        using var header = JsonDocument.Parse(bytes.AsMemory(8, (int)BitConverter.ToUInt64(bytes)));
        return header.RootElement.TryGetProperty(name, out _);
    }

    /// <summary>A JSON file beside them.</summary>
    public static JsonElement Json(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(file)));
        return document.RootElement.Clone();
    }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Fixtures", file);
}
