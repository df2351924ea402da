using CsCheck;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Tests.Quantization;

public sealed class ByteTranspositionTests
{
    [Fact]
    public void Every_byte_finds_its_place_and_no_other_is_touched() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 9]).Sample(
        (rows, columns, gap) =>
        {
            byte[] source = new byte[rows * columns], target = new byte[(rows + gap) * columns];
            new Random(rows).NextBytes(source);
            target.AsSpan().Fill(0xAA);
            ByteTransposition.Transpose(source, rows, columns, target, rows + gap);
            for (int i = 0; i < target.Length; i++)
            {
                (int column, int row) = Math.DivRem(i, rows + gap);
                Assert.Equal(row < rows ? source[(row * columns) + column] : 0xAA, target[i]);
            }
        },
        iter: 300);
}
