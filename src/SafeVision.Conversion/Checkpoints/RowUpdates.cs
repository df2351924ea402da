namespace SafeVision.Conversion.Checkpoints;

/// <summary>What an adapter makes of a matrix, row by row, when rows are read.</summary>
internal interface IRowUpdate
{
    /// <summary>Changes whole rows. Thread-safe.</summary>
    /// <param name="first">The matrix's row that the first of them is.</param>
    /// <param name="rows">The rows, one behind the other.</param>
    void Apply(int first, Span<float> rows);
}

/// <summary>What a low-rank adapter adds to a matrix: <c>scale · up · down</c> (Hu et al., arXiv 2106.09685). Computed row by row
/// when rows are read; nothing else is held.</summary>
/// <param name="down">[rank, columns]; <c>lora_A</c>.</param>
/// <param name="up">[rows, rank]; <c>lora_B</c>.</param>
/// <param name="scale">The factor of the product.</param>
internal sealed class LowRankUpdate(WeightMatrix down, WeightMatrix up, float scale) : IRowUpdate
{
    public void Apply(int first, Span<float> rows)
    {
        int rank = down.Rows, columns = down.Columns, count = rows.Length / columns;
        using IMemoryOwner<float> rented = MemoryPool<float>.Shared.Rent(checked((rank * columns) + (count * rank) + columns));
        Span<float> basis = rented.Memory.Span[..(rank * columns)]; // [rank, columns]
        Span<float> shares = rented.Memory.Span.Slice(basis.Length, count * rank); // [count, rank]
        Span<float> sum = rented.Memory.Span.Slice(basis.Length + shares.Length, columns);
        down.ReadRows(0, basis);
        up.ReadRows(first, shares);
        for (int i = 0; i < count; i++)
        {
            sum.Clear();
            for (int k = 0; k < rank; k++)
            {
                TensorPrimitives.MultiplyAdd(basis.Slice(k * columns, columns), shares[(i * rank) + k], sum, sum);
            }

            Span<float> row = rows.Slice(i * columns, columns);
            TensorPrimitives.MultiplyAdd(sum, scale, row, row);
        }
    }
}

/// <summary>Some rows of a matrix that are others now: tokens that were trained alone.</summary>
/// <param name="indices">The rows of the matrix.</param>
internal sealed class RowReplacement(IReadOnlyList<int> indices, WeightMatrix rows, int columns) : IRowUpdate
{
    private readonly Dictionary<int, int> _places = indices.Select((index, place) => (index, place)).ToDictionary();

    public void Apply(int first, Span<float> destination)
    {
        for (int i = 0; i < destination.Length / columns; i++)
        {
            if (_places.TryGetValue(first + i, out int place))
            {
                rows.ReadRows(place, destination.Slice(i * columns, columns));
            }
        }
    }
}
