using System.Buffers;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>Shares the rows of a matrix out among the processor's cores, some at a time.</summary>
internal static class RowGroups
{
    private const int GroupNumbers = 1 << 16; // a core's cache holds them and what is made of them

    /// <summary>What is done with some rows.</summary>
    /// <param name="first">The first one's place in the matrix.</param>
    /// <param name="rows">Their numbers.</param>
    public delegate void Work(int first, ReadOnlySpan<float> rows);

    /// <summary>Does the work for all rows of a range, in no order.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="work">Called by several threads at once.</param>
    /// <param name="rowsAtOnce">The rows of a group; null: as many as suit the cache.</param>
    /// <exception cref="CheckpointException">Rows can't be read, or the work fails; of several failures that of the first rows.</exception>
    public static void ForEach(WeightMatrix matrix, int first, int count, Work work, int? rowsAtOnce = null)
    {
        int size = Math.Min(count, rowsAtOnce ?? Math.Max(1, GroupNumbers / matrix.Columns));
        var gate = new Lock();
        (int Group, CheckpointException? Exception) failure = (int.MaxValue, null);
        Parallel.For(
            0, (count + size - 1) / size, () => ArrayPool<float>.Shared.Rent(size * matrix.Columns),
            (group, state, buffer) =>
            {
                try
                {
                    int start = first + (group * size);
                    Span<float> rows = buffer.AsSpan(0, Math.Min(size, first + count - start) * matrix.Columns);
                    matrix.ReadRows(start, rows);
                    work(start, rows);
                }
                catch (CheckpointException exception) // several would arrive as one of another type
                {
                    state.Break(); // groups before this one are still done
                    lock (gate)
                    {
                        failure = group < failure.Group ? (group, exception) : failure;
                    }
                }

                return buffer;
            },
            buffer => ArrayPool<float>.Shared.Return(buffer));
        if (failure.Exception is { } exception)
        {
            throw exception;
        }
    }
}
