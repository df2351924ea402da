using CsCheck;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

public sealed class RowQuantizationTests
{
    [Fact]
    public void Every_number_stays_within_half_a_step_of_its_row() => Gen.Float[-50, 50].Array[12].Sample(
        values =>
        {
            StoredTensor rounded = RowQuantization.Round(StoredTensor.FromSingles("x", [3, 4], values));
            double[] result = rounded.ToDouble();
            Assert.Equal(TensorElement.Int8, rounded.Element);
            for (int i = 0; i < values.Length; i++)
            {
                double step = values.AsSpan(i / 4 * 4, 4).ToArray().Max(Math.Abs) / 127.0;
                Assert.InRange(Math.Abs(result[i] - values[i]), 0, (step * 0.5001) + 1e-12);
            }
        },
        iter: 500);
}
