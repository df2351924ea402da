namespace SafeVision.Conversion.Checkpoints;

/// <summary>Some rows of a matrix that are others now: tokens that were trained alone.</summary>
/// <param name="indices">The rows of the matrix.</param>
/// <param name="rows">What they are now, in that order.</param>
/// <param name="columns">The length of a row.</param>
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
