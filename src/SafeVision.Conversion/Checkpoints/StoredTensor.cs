using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>
/// A tensor as a checkpoint stores it. The bytes are those of the file wherever possible, so that weights go into a model
/// as they are and only their graph turns them into float32.
/// </summary>
internal sealed class StoredTensor
{
    public StoredTensor(string name, IReadOnlyList<int> shape, TensorElement element, ReadOnlyMemory<byte> bytes, Dequantization? dequantization = null)
    {
        (Name, Shape, Element, Bytes, Dequantization) = (name, shape, element, bytes, dequantization);
        Count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
    }

    public string Name { get; }

    public IReadOnlyList<int> Shape { get; }

    public TensorElement Element { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Null where the elements are the values.</summary>
    public Dequantization? Dequantization { get; }

    /// <summary>What an adapter makes of the stored numbers; null: nothing.</summary>
    public IRowUpdate? Update { get; init; }

    public int Count { get; }

    /// <summary>The size of what lies behind the first dimension.</summary>
    public int RowLength => Shape.Count == 0 || Shape[0] == 0 ? 1 : Count / Shape[0];

    public static StoredTensor FromSingles(string name, IReadOnlyList<int> shape, ReadOnlySpan<float> values) =>
        new(name, shape, TensorElement.Float32, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values, exact; those of an 8 bit tfjs tensor rounded to float32, as tfjs does.</summary>
    public double[] ToDouble()
    {
        if (Update is not null)
        {
            return [.. WeightMatrix.From(this).ToArray().Select(value => (double)value)];
        }

        double[] values = new double[Count];
        ReadOnlySpan<byte> bytes = Bytes.Span;
        int size = Element.Bytes();
        for (int i = 0; i < values.Length; i++)
        {
            double stored = Read(bytes[(i * size)..]);
            values[i] = Dequantization is { } d ? (float)((stored * d.Scale(i, RowLength)) + d.Offset) : stored;
        }

        return values;
    }

    public float[] ToSingle() => [.. ToDouble().Select(value => (float)value)];

    /// <summary>The same tensor with its dimensions in another order: dimension i of the result is <paramref name="order"/>[i] of this.</summary>
    public StoredTensor Transpose(params ReadOnlySpan<int> order)
    {
        if (Dequantization is { Scales.Count: > 1 } || Update is not null)
        {
            throw new InvalidOperationException($"{Name}: scales by row or an adapter's update would no longer fit.");
        }

        int rank = Shape.Count, size = Element.Bytes();
        int[] strides = new int[rank], shape = new int[rank], step = new int[rank], index = new int[rank];
        for (int i = rank - 1, stride = 1; i >= 0; stride *= Shape[i--])
        {
            strides[i] = stride;
        }

        for (int i = 0; i < rank; i++)
        {
            (shape[i], step[i]) = (Shape[order[i]], strides[order[i]]);
        }

        byte[] result = new byte[Bytes.Length];
        ReadOnlySpan<byte> source = Bytes.Span;
        for (int target = 0, from = 0; target < Count; target++)
        {
            source.Slice(from * size, size).CopyTo(result.AsSpan(target * size, size));
            for (int i = rank - 1; i >= 0; i--)
            {
                from += step[i];
                if (++index[i] < shape[i])
                {
                    break;
                }

                from -= step[i] * shape[i];
                index[i] = 0;
            }
        }

        return new StoredTensor(Name, shape, Element, result, Dequantization);
    }

    public StoredTensor Rename(string name) => new(name, Shape, Element, Bytes, Dequantization) { Update = Update };

    /// <summary>The same bytes read as another shape of as many elements.</summary>
    public StoredTensor Reshape(params int[] shape) => new(Name, shape, Element, Bytes, Dequantization) { Update = Update };

    private double Read(ReadOnlySpan<byte> bytes) => Element switch
    {
        TensorElement.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        TensorElement.Float32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        TensorElement.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        TensorElement.BFloat16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        TensorElement.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        TensorElement.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        TensorElement.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        TensorElement.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        TensorElement.Int8 => (sbyte)bytes[0],
        _ => bytes[0],
    };
}
