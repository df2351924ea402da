using CsCheck;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

public sealed class StoredTensorTests
{
    [Fact]
    public void Transposing_moves_each_number_to_its_place()
    {
        StoredTensor tensor = StoredTensor.FromSingles("x", [2, 3], [1, 2, 3, 4, 5, 6]).Transpose(1, 0);
        Assert.Equal([3, 2], tensor.Shape);
        Assert.Equal([1.0, 4, 2, 5, 3, 6], tensor.ToDouble());
    }

    [Fact]
    public void Transposing_there_and_back_changes_nothing() => Gen.Select(Gen.Int[1, 4].Array[4], Gen.Int[0, 23]).Sample(
        (shape, pick) =>
        {
            int[] order = [0, 1, 2, 3], digits = [pick % 4, pick / 4 % 3, pick / 12 % 2];
            for (int i = 0; i < 3; i++)
            {
                (order[i], order[i + digits[i]]) = (order[i + digits[i]], order[i]);
            }

            int[] back = [.. Enumerable.Range(0, 4).Select(i => Array.IndexOf(order, i))];
            float[] values = [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(i => (float)i)];
            StoredTensor tensor = StoredTensor.FromSingles("x", shape, values);
            StoredTensor turned = tensor.Transpose(order);
            Assert.Equal(order.Select(i => shape[i]), turned.Shape);
            Assert.Equal(tensor.ToDouble(), turned.Transpose(back).ToDouble());
        },
        iter: 200);

    [Fact]
    public void A_quantised_value_is_computed_in_float64_and_rounded_once()
    {
        var tensor = new StoredTensor("x", [2], TensorElement.UInt8, new byte[] { 0, 255 }, new Dequantization([0.04344318240296607], -6.255818266027114));
        Assert.Equal([(double)(float)-6.255818266027114, (float)((255 * 0.04344318240296607) - 6.255818266027114)], tensor.ToDouble());
    }
}
