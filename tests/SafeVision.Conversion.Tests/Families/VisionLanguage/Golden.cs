using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>A tensor that the reference computed.</summary>
internal sealed record Golden(long[] Shape, float[] Numbers)
{
    public long[] Integers => [.. Numbers.Select(number => (long)number)];

    /// <summary>The goldens of a fixture, by name.</summary>
    public static Dictionary<string, Golden> Read(string fixture) => ReadFrom($"vlm/{fixture}");

    /// <summary>The goldens in a folder of fixtures.</summary>
    public static Dictionary<string, Golden> ReadFrom(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixture.PathOf($"{folder}/goldens.safetensors"));
        return file.Tensors.ToDictionary(
            tensor => tensor.Key, tensor => new Golden([.. tensor.Value.Shape.Select(size => (long)size)], tensor.Value.ToSingle()));
    }

    /// <summary>Part of the numbers: what lies behind the first indices.</summary>
    public float[] At(params ReadOnlySpan<int> indices)
    {
        int size = Numbers.Length, start = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            size /= (int)Shape[i];
            start += indices[i] * size;
        }

        return Numbers[start..(start + size)];
    }
}
