using System.Runtime.InteropServices;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

public sealed class WeightMatrixTests
{
    [Fact]
    public void Rows_of_several_tensors_are_read_as_one_matrix()
    {
        WeightMatrix one = WeightMatrix.From(Tensor("one", 3, 2, 0)), two = WeightMatrix.From(Tensor("two", 2, 2, 100));
        WeightMatrix stacked = WeightMatrix.Stack("both", two, one.Slice("part", 1, 2));
        Assert.Equal((4, 2), (stacked.Rows, stacked.Columns));
        Assert.Equal([100f, 101, 102, 103, 2, 3, 4, 5], stacked.ToArray());
        float[] middle = new float[4];
        stacked.ReadRows(1, middle);
        Assert.Equal([102f, 103, 2, 3], middle);
        Assert.Equal([103f * 2, 2 * 3f], [stacked.ScaleRows([1, 2, 3, 4]).ToArray()[3], stacked.ScaleRows([1, 2, 3, 4]).Slice("third", 2, 1).ToArray()[0]]);
    }

    [Fact]
    public void A_factor_stays_with_its_row_through_stack_and_slice()
    {
        WeightMatrix scaled = WeightMatrix.From(Tensor("a", 2, 1, 1)).ScaleRows([10, 100]);
        WeightMatrix plain = WeightMatrix.From(Tensor("b", 2, 1, 5));
        Assert.Equal([5f, 6, 10, 200], WeightMatrix.Stack("c", plain, scaled).ToArray());
        Assert.Equal([6f, 10], WeightMatrix.Stack("c", plain, scaled).Slice("d", 1, 2).ToArray());
        Assert.Equal([20f, 400], scaled.ScaleRows([2, 2]).ToArray());
    }

    [Theory]
    [InlineData(nameof(TensorElement.Float16))]
    [InlineData(nameof(TensorElement.BFloat16))]
    [InlineData(nameof(TensorElement.Float32))]
    public void Every_type_is_widened_to_the_very_number(string type)
    {
        TensorElement element = Enum.Parse<TensorElement>(type);
        const int Length = 71; // no multiple of any vector's width
        byte[] bytes = new byte[Length * element.Bytes()];
        new Random(7).NextBytes(bytes);
        var tensor = new StoredTensor("x", [1, Length], element, bytes);
        Assert.Equal(tensor.ToSingle(), WeightMatrix.From(tensor).ToArray());
    }

    [Fact]
    public void What_can_be_no_weight_is_refused_by_name()
    {
        CheckpointException exception = Assert.Throws<CheckpointException>(() => WeightMatrix.From(new StoredTensor("counter", [1], TensorElement.Int64, new byte[8])));
        Assert.Contains("counter", exception.Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => WeightMatrix.Stack("x", WeightMatrix.From(Tensor("a", 1, 2, 0)), WeightMatrix.From(Tensor("b", 1, 3, 0))));
    }

    private static StoredTensor Tensor(string name, int rows, int columns, int first) =>
        new(name, [rows, columns], TensorElement.Float32, MemoryMarshal.AsBytes<float>(Enumerable.Range(first, rows * columns).Select(value => (float)value).ToArray()).ToArray());
}
