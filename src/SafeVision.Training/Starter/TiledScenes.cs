namespace SafeVision.Training.Starter;

/// <summary>Drawn scenes of two to four tiles: cards as large as a tile, with two things each, lie anywhere on a plain ground, so
/// that a thing is a quarter to two fifths of a tile and half of that, or less, in a thumbnail. Thread-safe.</summary>
internal sealed class TiledScenes : IDisposable
{
    /// <summary>The most tiles of a scene.</summary>
    public const int MostTiles = 4;

    private const int Cards = 2;
    private const int Tries = 20; // for a card that covers no other

    private readonly SymbolScenes _cards;
    private readonly int _side, _seed;

    /// <param name="names">The names of the things to show.</param>
    /// <param name="sets">The icon sets to draw from; empty: all of the training split.</param>
    /// <param name="side">The side of a tile in pixels.</param>
    /// <param name="seed">The same seed gives the same scenes.</param>
    public TiledScenes(IReadOnlyList<string> names, IReadOnlyList<string> sets, int side, int seed)
    {
        (_side, _seed) = (side, seed);
        _cards = SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, Sets = sets, Names = names, KeepsColors = true, FewestThings = 2, MostThings = 2, ImageSize = side });
    }

    /// <summary>The grids of tiles that scenes take turns with.</summary>
    public static IReadOnlyList<(int Columns, int Rows)> Grids { get; } = [(2, 1), (2, 2), (3, 1), (1, 2)];

    /// <summary>Draws a scene.</summary>
    /// <param name="index">Its number, 0 and up.</param>
    /// <param name="grid">The number of its grid, taken modulo their count.</param>
    public SymbolScene Draw(int index, int grid)
    {
        (int columns, int rows) = Grids[grid % Grids.Count];
        var random = new Random(unchecked((_seed * 1_000_003) + index));
        int width = columns * _side, height = rows * _side;
        byte[] pixels = new byte[width * height * 3], ground = new byte[3];
        random.NextBytes(ground);
        for (int i = 0; i < pixels.Length; i += 3)
        {
            ground.CopyTo(pixels, i);
        }

        var symbols = new List<SceneSymbol>();
        var places = new List<(int X, int Y)>();
        for (int tries = 0; places.Count < Cards && tries < Tries; tries++)
        {
            (int x, int y) = (random.Next(width - _side + 1), random.Next(height - _side + 1));
            if (places.Exists(place => Math.Abs(place.X - x) < _side && Math.Abs(place.Y - y) < _side))
            {
                continue;
            }

            SymbolScene card = _cards.Draw((Cards * index) + places.Count);
            places.Add((x, y));
            for (int row = 0; row < _side; row++)
            {
                card.Pixels.Span.Slice(row * _side * 3, _side * 3).CopyTo(pixels.AsSpan((((y + row) * width) + x) * 3));
            }

            symbols.AddRange(card.Symbols.Select(symbol => Place(symbol, x, y, width, height)));
        }

        return new SymbolScene(width, pixels, symbols) { Height = height };
    }

    /// <inheritdoc />
    public void Dispose() => _cards.Dispose();

    private SceneSymbol Place(SceneSymbol symbol, int x, int y, double width, double height)
    {
        var box = new ImageBox(((symbol.Box.X * _side) + x) / width, ((symbol.Box.Y * _side) + y) / height, symbol.Box.Width * _side / width, symbol.Box.Height * _side / height);
        return symbol with { Box = box, Position = SymbolScenes.PositionOf(box) };
    }
}
