namespace SafeVision.Conversion.Checkpoints;

/// <summary>How one number of a stored tensor is held, little-endian.</summary>
internal enum TensorElement
{
    Float64,
    Float32,
    Float16,
    BFloat16,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt16,
    UInt8,
    Bool,
}

/// <summary>The sizes of elements.</summary>
internal static class TensorElementSize
{
    public static int Bytes(this TensorElement element) => element switch
    {
        TensorElement.Float64 or TensorElement.Int64 => 8,
        TensorElement.Float32 or TensorElement.Int32 => 4,
        TensorElement.Float16 or TensorElement.BFloat16 or TensorElement.Int16 or TensorElement.UInt16 => 2,
        _ => 1,
    };
}
