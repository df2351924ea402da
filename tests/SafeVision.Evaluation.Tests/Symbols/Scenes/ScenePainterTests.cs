using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols.Catalogue;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Symbols.Scenes;

public sealed class ScenePainterTests : IDisposable
{
    private const int Side = 200;
    private readonly ScenePainter _painter = new(Side, SymbolCatalogue.Load().Letters);
    private readonly IconSet _icons = EmbeddedData.ReadSet("game-icons");

    public void Dispose() => _painter.Dispose();

    [Fact]
    public void A_box_is_exactly_where_the_thing_was_drawn()
    {
        var random = new SceneRandom(9);
        foreach (Icon icon in _icons.Icons.Values.Take(40))
        {
            ImageBox box = Assert.Single(_painter.Paint(Plan(Place(icon, random.Next(0.3, 0.7), random.Next(0.3, 0.7), random.Next(0.2, 0.5), random.Next(-50, 50))))!);

            // Black on white: what is dark enough is the thing.
            using SKBitmap image = SKBitmap.Decode(_painter.Encode());
            var dark = new SKRectI(Side, Side, 0, 0);
            for (int y = 0; y < Side; y++)
            {
                for (int x = 0; x < Side; x++)
                {
                    if (image.GetPixel(x, y).Red <= 255 - 96)
                    {
                        dark = new SKRectI(Math.Min(dark.Left, x), Math.Min(dark.Top, y), Math.Max(dark.Right, x + 1), Math.Max(dark.Bottom, y + 1));
                    }
                }
            }

            Assert.Equal((dark.Left, dark.Top, dark.Width, dark.Height), (Pixels(box.X), Pixels(box.Y), Pixels(box.Width), Pixels(box.Height)));
        }
    }

    [Fact]
    public void Size_and_place_are_those_of_the_drawn_part()
    {
        ImageBox box = Assert.Single(_painter.Paint(Plan(Place(_icons.Icons["pistol-gun"], 0.4, 0.6, 0.5, 0)))!);

        Assert.InRange(Math.Max(box.Width, box.Height), 0.48, 0.53);
        Assert.InRange(box.X + (box.Width / 2), 0.38, 0.42);
        Assert.InRange(box.Y + (box.Height / 2), 0.58, 0.62);
    }

    [Fact]
    public void What_is_hidden_counts_neither_for_the_box_nor_as_shown()
    {
        var square = new Icon("test", "square", "<path d=\"M0 0h16v16H0z\"/>", 16, 16);
        Placement behind = Place(square, 0.5, 0.5, 0.4, 0);
        Placement half = Place(square, 0.7, 0.5, 0.4, 0);

        Assert.Null(_painter.Paint(Plan(behind, behind)));
        Assert.Null(_painter.Paint(Plan(behind with { LeastVisible = 0.6 }, half)));
        IReadOnlyList<ImageBox> boxes = _painter.Paint(Plan(behind with { LeastVisible = 0.4 }, half))!;
        Assert.Equal((40, 80), (Pixels(boxes[0].Width), Pixels(boxes[0].Height)));
        Assert.Equal((80, 80), (Pixels(boxes[1].Width), Pixels(boxes[1].Height)));
    }

    [Fact]
    public void A_sheet_is_clean_for_the_next_thing()
    {
        var random = new SceneRandom(2);
        foreach (Icon icon in EmbeddedData.ReadSet("noto").Icons.Values.Take(60))
        {
            Placement placement = Place(icon, random.Next(0.1, 0.9), random.Next(0.1, 0.9), 0.4, random.Next(0, 360)) with { Tile = random.Chance(0.5) ? SKColors.Purple : null, LeastVisible = 0 };
            _painter.Paint(Plan(placement));
            _painter.Paint(Plan());

            using SKBitmap empty = SKBitmap.Decode(_painter.Encode());
            Assert.All(empty.Pixels, pixel => Assert.Equal(SKColors.White, pixel));
        }
    }

    private static int Pixels(double fraction) => (int)Math.Round(fraction * Side);

    private static ScenePlan Plan(params Placement[] placements) => new()
    {
        Background = new Background(Backdrop.Plain, SKColors.White, SKColors.White, 8, 1),
        Placements = placements,
        Reasons = new Dictionary<string, string>(),
        Tags = [],
    };

    private static Placement Place(Icon icon, double x, double y, double size, double rotation)
    {
        var symbol = new Symbol(icon, DatasetSplit.Test);
        return new Placement
        {
            Thing = new SymbolThing { Name = icon.Id, Groups = new HashSet<string>(), Symbols = [symbol] },
            Symbol = symbol,
            X = x,
            Y = y,
            Size = size,
            Rotation = rotation,
            Style = new InkStyle { Tint = SKColors.Black },
        };
    }
}
