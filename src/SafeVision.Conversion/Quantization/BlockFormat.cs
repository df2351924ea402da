namespace SafeVision.Conversion.Quantization;

/// <summary>
/// How the rows of a matrix are cut into blocks of few bits with a scale each: <c>w = (q - 2^(bits-1)) · scale</c>, the
/// default of ONNX Runtime's MatMulNBits and GatherBlockQuantized (its docs/ContribOperators.md). The last block of a row is
/// filled up with zeros.
/// </summary>
/// <param name="Bits">4 or 8 for each number; of two that share a byte, the first is in the lower half.</param>
/// <param name="BlockSize">The numbers of a block: a power of two from 16 to <see cref="LargestBlock"/>.</param>
internal readonly record struct BlockFormat(int Bits, int BlockSize)
{
    /// <summary>The most numbers that a block may have.</summary>
    public const int LargestBlock = 256;

    /// <summary>The blocks of a row.</summary>
    public int Blocks(int columns) => (columns + BlockSize - 1) / BlockSize;

    /// <summary>The bytes of a block.</summary>
    public int BlockBytes => BlockSize * Bits / 8;

    /// <summary>The bytes of a row, without its scales.</summary>
    public int RowBytes(int columns) => Blocks(columns) * BlockBytes;
}
