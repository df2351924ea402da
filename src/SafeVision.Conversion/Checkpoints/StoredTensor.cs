namespace SafeVision.Conversion.Checkpoints;

/// <summary>A tensor as a checkpoint stores it. The bytes are those of the file wherever possible, so that weights go into a model
/// as they are and only their graph turns them into float32.</summary>
internal sealed class StoredTensor
{
    public StoredTensor(string name, IReadOnlyList<int> shape, TensorElement element, ReadOnlyMemory<byte> bytes)
    {
        (Name, Shape, Element, Bytes) = (name, shape, element, bytes);
        Count = checked((int)shape.Aggregate(1L, (product, size) => product * size));
    }

    public string Name { get; }
    public IReadOnlyList<int> Shape { get; }
    public TensorElement Element { get; }
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>What an adapter makes of the stored numbers; null: nothing.</summary>
    public IRowUpdate? Update { get; init; }

    public int Count { get; }

    /// <summary>The size of what lies behind the first dimension.</summary>
    public int RowLength => Shape.Count == 0 || Shape[0] == 0 ? 1 : Count / Shape[0];

    public static StoredTensor FromSingles(string name, IReadOnlyList<int> shape, ReadOnlySpan<float> values) =>
        new(name, shape, TensorElement.Float32, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values, exact.</summary>
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
            values[i] = Read(bytes[(i * size)..]);
        }

        return values;
    }

    public float[] ToSingle()
    {
        float[] values = new float[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Writes the values, as many as there are, into memory that is there.</summary>
    public void CopyTo(Span<float> values)
    {
        ReadOnlySpan<byte> bytes = Bytes.Span[..(Count * Element.Bytes())];
        if (Update is not null)
        {
            WeightMatrix.From(this).ToArray().CopyTo(values);
        }
        else if (BitConverter.IsLittleEndian && Element == TensorElement.Float32)
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
        }
        else if (BitConverter.IsLittleEndian && Element == TensorElement.Float16)
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
        }
        else
        {
            int size = Element.Bytes();
            for (int i = 0; i < Count; i++)
            {
                values[i] = (float)Read(bytes[(i * size)..]);
            }
        }
    }

    public StoredTensor Rename(string name) => new(name, Shape, Element, Bytes) { Update = Update };

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

/// <summary>How one number of a stored tensor is held, little-endian.</summary>
internal enum TensorElement { Float64, Float32, Float16, BFloat16, Int64, Int32, Int16, Int8, UInt16, UInt8, Bool }

/// <summary>The elements' names in safetensors, and their sizes.</summary>
internal static class TensorElements
{
    private static readonly (string Name, int Bytes)[] s_all = // by the elements' numbers
        [("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4), ("I16", 2), ("I8", 1), ("U16", 2), ("U8", 1), ("BOOL", 1)];

    public static int Bytes(this TensorElement element) => s_all[(int)element].Bytes;

    /// <summary>The element of a name; null: none that is read.</summary>
    public static TensorElement? Find(string name) => Array.FindIndex(s_all, known => known.Name == name) is >= 0 and int place ? (TensorElement)place : null;
}
