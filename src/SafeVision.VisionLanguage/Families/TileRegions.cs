using System.Collections;

namespace SafeVision.VisionLanguage.Families;

/// <summary>
/// The regions of a grid of tiles, each a square of tokens: tile after tile, row by row, and last, if there is one, an overview of
/// the whole picture. Computed when asked for, since a picture can have thousands of tokens.
/// </summary>
/// <param name="columns">Tiles in a row.</param>
/// <param name="rows">Rows of tiles.</param>
/// <param name="side">Tokens along a side of a tile.</param>
internal sealed class TileRegions(int columns, int rows, int side) : IReadOnlyList<TokenRegion>
{
    /// <summary>Whether an overview of the whole picture comes last.</summary>
    public bool HasOverview { get; init; }

    /// <summary>Whether the tokens of a tile run down its columns instead of along its rows.</summary>
    public bool IsTransposed { get; init; }

    public int Count => ((columns * rows) + (HasOverview ? 1 : 0)) * side * side;

    public TokenRegion this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            (int tile, int token) = Math.DivRem(index, side * side);
            (int y, int x) = Math.DivRem(token, side);
            (x, y) = IsTransposed ? (y, x) : (x, y);
            if (tile == columns * rows)
            {
                return Cell(x, y, side, side);
            }

            (int row, int column) = Math.DivRem(tile, columns);
            return Cell((column * side) + x, (row * side) + y, columns * side, rows * side);
        }
    }

    public IEnumerator<TokenRegion> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static TokenRegion Cell(int x, int y, int width, int height) =>
        new((float)x / width, (float)y / height, (float)(x + 1) / width, (float)(y + 1) / height);
}
