namespace SafeVision.Conversion.Checkpoints;

/// <summary>What an adapter makes of a matrix, row by row, when rows are read.</summary>
internal interface IRowUpdate
{
    /// <summary>Changes whole rows. Thread-safe.</summary>
    /// <param name="first">The matrix's row that the first of them is.</param>
    /// <param name="rows">The rows, one behind the other.</param>
    void Apply(int first, Span<float> rows);
}
