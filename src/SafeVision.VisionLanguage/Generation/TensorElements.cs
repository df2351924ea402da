using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>The element types that vision-language graphs use for numbers: 32-bit and 16-bit floats.</summary>
internal static class TensorElements
{
    public static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float or TensorElementType.Int32 => 4,
        TensorElementType.Float16 => 2,
        TensorElementType.Int64 => 8,
        TensorElementType.Bool => 1,
        _ => throw new ModelLoadException($"Tensors of {type} are not supported; 32-bit and 16-bit floats are."),
    };

    /// <summary>Writes floats into memory that holds elements of <paramref name="type"/>.</summary>
    public static void Write(ReadOnlySpan<float> values, NativeBuffer target, TensorElementType type, long firstElement)
    {
        if (type == TensorElementType.Float)
        {
            values.CopyTo(target.Span<float>(firstElement * sizeof(float), values.Length));
        }
        else
        {
            TensorPrimitives.ConvertToHalf(values, target.Span<Half>(firstElement * 2, values.Length));
        }
    }

    /// <summary>Reads floats from memory that holds elements of <paramref name="type"/>.</summary>
    public static void Read(ReadOnlySpan<byte> source, TensorElementType type, Span<float> values)
    {
        if (type == TensorElementType.Float)
        {
            MemoryMarshal.Cast<byte, float>(source)[..values.Length].CopyTo(values);
        }
        else
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source)[..values.Length], values);
        }
    }
}
