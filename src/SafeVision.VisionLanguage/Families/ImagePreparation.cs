using System.Collections;

namespace SafeVision.VisionLanguage.Families;

/// <summary>How images of any size become a vision tower's input. Thread-safe.</summary>
internal interface IImagePreparation
{
    /// <summary>The short side in pixels beyond which more resolution changes nothing.</summary>
    int ShortSide { get; }

    /// <summary>The most image tokens that an image of any size can take.</summary>
    int MaximumTokens { get; }

    /// <summary>Decides tiles and tokens from the image's size alone.</summary>
    ImagePlan Plan(int width, int height);

    /// <summary>Writes the image's pixel values, all <see cref="ImagePlan.PixelCount"/> of them, in the plan's shape.</summary>
    void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels);
}

/// <summary>What becomes of one image: tiles, tokens and their place in the prompt.</summary>
internal sealed record ImagePlan
{
    /// <summary>The shape of this image's <c>pixel_values</c>, such as [tiles, 3, side, side].</summary>
    public required IReadOnlyList<long> PixelShape { get; init; }

    public required int Tokens { get; init; }

    /// <summary>What stands in the prompt in place of the image mark: the image token <see cref="Tokens"/> times, and what surrounds it.</summary>
    public required string Text { get; init; }

    /// <summary>The part of the image that each image token shows, in fractions of its width and height; tokens of a
    /// thumbnail, which shows everything once more, included.</summary>
    public required IReadOnlyList<TokenRegion> Regions { get; init; }

    /// <summary>Further integer inputs of the vision tower, such as <c>image_grid_thw</c>.</summary>
    public IReadOnlyList<ImageInput> Inputs { get; init; } = [];

    /// <summary>The image's grid of image tokens (frames, rows, columns) where positions depend on it.</summary>
    public (int Frames, int Rows, int Columns)? Grid { get; init; }

    public int PixelCount => checked((int)PixelShape.Aggregate(1L, (count, size) => checked(count * size)));
}

/// <summary>An integer input of a vision tower besides the pixels; the tensor's own type is what the graph asks for.</summary>
/// <param name="Names">The names under which published exports know it, likeliest first.</param>
/// <param name="Values">The values, row by row; one value alone fills the whole tensor.</param>
internal sealed record ImageInput(IReadOnlyList<string> Names, IReadOnlyList<long> Shape, IReadOnlyList<long> Values);

/// <summary>Keeps the plans of recently seen grids: a plan's text alone can be hundreds of kilobytes, and images of a
/// few shapes come again and again. Thread-safe.</summary>
internal sealed class ImagePlanCache
{
    private const int Capacity = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Columns, int Rows), LinkedListNode<((int Columns, int Rows) Grid, ImagePlan Plan)>> _nodes = [];
    private readonly LinkedList<((int Columns, int Rows) Grid, ImagePlan Plan)> _recent = new();

    /// <param name="create">Makes the plan of a grid of so many columns and rows.</param>
    public ImagePlan Get(int columns, int rows, Func<int, int, ImagePlan> create)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue((columns, rows), out LinkedListNode<((int Columns, int Rows) Grid, ImagePlan Plan)>? node))
            {
                _recent.Remove(node);
            }
            else
            {
                if (_nodes.Count == Capacity)
                {
                    _nodes.Remove(_recent.Last!.Value.Grid);
                    _recent.RemoveLast();
                }

                node = new(((columns, rows), create(columns, rows)));
                _nodes.Add((columns, rows), node);
            }

            _recent.AddFirst(node);
            return node.Value.Plan;
        }
    }
}

/// <summary>The most that a model's files may make of one image; more is a broken or a hostile file.</summary>
internal static class ImageBudget
{
    /// <summary>Tiles, an overview apart.</summary>
    public const int MostTiles = 64;

    public const int MostTokens = 16_384;

    /// <summary>A tile's side in pixels.</summary>
    public const int LongestTile = 2048;

    private const int MostValues = 1 << 27;

    /// <exception cref="Inference.ModelLoadException">It is too much.</exception>
    public static void Require(JsonValue key, long tokens, long values)
    {
        if (tokens is < 1 or > MostTokens)
        {
            throw key.Wrong($"what gives an image 1 to {MostTokens} image tokens, not {tokens}");
        }

        if (values > MostValues)
        {
            throw key.Wrong($"what gives an image at most {MostValues} pixel values, not {values}");
        }
    }

    /// <exception cref="ArgumentException">They don't.</exception>
    public static void RequireLength(ImageFrame frame, int length, ImagePlan plan, Span<float> pixels)
    {
        if (plan.PixelCount != length || pixels.Length != length)
        {
            throw new ArgumentException($"A {frame.Width}x{frame.Height} image has {length} pixel values; the plan has {plan.PixelCount} and the buffer {pixels.Length}.");
        }
    }
}

/// <summary>The part of an image that an image token shows, in fractions of its width and height, origin at the top left.</summary>
internal readonly record struct TokenRegion(float Left, float Top, float Right, float Bottom);

/// <summary>The regions of a grid of tiles, each a square of tokens: tile after tile, row by row, and last, if there is
/// one, an overview of the whole image. Computed when asked for, since an image can have thousands of tokens.</summary>
/// <param name="rows">Rows of tiles.</param>
/// <param name="side">Tokens along a side of a tile.</param>
internal sealed class TileRegions(int columns, int rows, int side) : IReadOnlyList<TokenRegion>
{
    /// <summary>Whether an overview of the whole image comes last.</summary>
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
