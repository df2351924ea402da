using SafeVision.Imaging;

namespace SafeVision.VisionLanguage.Families;

/// <summary>Pictures of any shape as one square tile: a plain resize, whatever the aspect ratio.</summary>
/// <param name="side">The tile's side in pixels.</param>
/// <param name="tokens">Image tokens along a side of the tile.</param>
/// <param name="mark">The image token's text.</param>
/// <param name="normalisation">How bytes become network inputs.</param>
/// <param name="filter">The kernel of the resize.</param>
internal sealed class SingleTilePreparation(int side, int tokens, string mark, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private readonly TileWriter _writer = new(normalisation, filter, side);

    private readonly ImagePlan _plan = new()
    {
        PixelShape = [1, 3, side, side],
        Tokens = tokens * tokens,
        Text = string.Concat(Enumerable.Repeat(mark, tokens * tokens)),
        Regions = new TileRegions(1, 1, tokens),
    };

    public int ShortSide => side;

    public int MaximumTokens => tokens * tokens;

    public ImagePlan Plan(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return _plan;
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        ImageBudget.RequireLength(frame, _writer.TileLength, plan, pixels);
        _writer.Write(new PackedPixels(frame), 1, 1, pixels);
    }
}
