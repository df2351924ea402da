using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// Positions in time, row and column: a picture's tokens stand at their place in its grid, from where the text before it ends, and the
/// text goes on after the largest of them (<c>get_rope_index</c> of transformers' Qwen2-VL).
/// </summary>
internal sealed class MultimodalPositions : IPositionScheme
{
    public static MultimodalPositions Shared { get; } = new();

    public int Rows => 3;

    public void Write(TokenSequence tokens, int start, Span<long> positions)
    {
        int count = positions.Length / 3, end = start + count;
        Span<long> times = positions[..count], rows = positions[count..(2 * count)], columns = positions[(2 * count)..];
        int token = 0;
        long next = 0;
        foreach (ImageSpan image in tokens.Images)
        {
            if (image.Start >= end)
            {
                break;
            }

            Text(image.Start, times, rows, columns);
            if (image.Plan.Grid is not { } grid)
            {
                continue;
            }

            for (int i = Math.Max(start, image.Start); i < Math.Min(end, image.End); i++)
            {
                (int frame, int place) = Math.DivRem(i - image.Start, grid.Rows * grid.Columns);
                times[i - start] = next + frame;
                rows[i - start] = next + (place / grid.Columns);
                columns[i - start] = next + (place % grid.Columns);
            }

            token = image.End;
            next += Math.Max(grid.Frames, Math.Max(grid.Rows, grid.Columns));
        }

        Text(end, times, rows, columns);

        void Text(int to, Span<long> times, Span<long> rows, Span<long> columns)
        {
            for (int i = Math.Max(start, token); i < Math.Min(end, to); i++)
            {
                times[i - start] = rows[i - start] = columns[i - start] = next + i - token;
            }

            next += Math.Max(to - token, 0);
            token = Math.Max(to, token);
        }
    }
}
