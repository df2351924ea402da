namespace SafeVision.Engines.ClosedSet;

/// <summary>Views of one part of an image, whose answers are taken together.</summary>
/// <param name="First">Always shown, and alone where it sees nothing of any category. Plain.</param>
/// <param name="More">Shown as well where the first one sees something.</param>
/// <param name="Drawn">Shown instead where the image is drawn: the whole, and small, as icons are drawn. None where views must agree.</param>
internal readonly record struct ViewGroup(ClassifierView First, ClassifierView[] More, ClassifierView[] Drawn);

/// <summary>Chooses what of an image a network with a square input is shown, so that nothing stays out of sight.</summary>
internal sealed class ViewPlanner
{
    public const int MostViews = 4; // views of one part, at most

    /// <summary>A crop may leave out this share of the image before the whole is shown as well.</summary>
    private const double OutOfSight = 0.3;

    /// <summary>Longer than this (long side over short side), squeezing the whole image into a square hides what it shows.</summary>
    private const double Stretched = 2.5;

    private const double NearlySquare = 1.1; // up to here the middle square of an image is nearly all of it

    /// <summary>The size of a drawing on the square in its smallest view: icons were seen with a margin.</summary>
    private const double SmallFill = 0.7;

    private const int MostTiles = 4;

    /// <summary>A quarter's width and height as a share of the image's: they overlap, so that what lies on a middle line is whole in one of them.</summary>
    private const double Quarter = 0.6;

    private readonly ImagePreprocessor _main;
    private readonly ImagePreprocessor _squeeze;
    private readonly ImagePreprocessor _canvas;
    private readonly ViewPlan _plan;
    private readonly bool _mustAgree;

    /// <param name="mustAgree">Whether a score counts only as far as all views of a part agree.</param>
    public ViewPlanner(PreprocessingRecipe recipe, ViewPlan plan, bool mustAgree = false)
    {
        (_plan, _mustAgree) = (plan, mustAgree);
        _main = new ImagePreprocessor(recipe);
        PreprocessingRecipe squeeze = recipe.Crop is null ? recipe : recipe with
        {
            Crop = null,
            Resize = recipe.Resize with { Mode = ResizeMode.Exact, Size = recipe.Crop.Value },
        };
        _squeeze = recipe.Crop is null ? _main : new ImagePreprocessor(squeeze);
        _canvas = recipe.Resize.Filter == PreprocessingFilter.BilinearAlignCorners
            ? new ImagePreprocessor(squeeze with { Resize = squeeze.Resize with { Filter = PreprocessingFilter.Bilinear } })
            : _squeeze;
    }

    /// <summary>The parts of a frame: first the whole, then tiles of a stretched image. The part with the highest score
    /// decides. Of the whole, nothing stays out of sight: where the model's own crop leaves much out, the first view is
    /// the whole squeezed, and the crop, which shows more of less, is for a closer look.</summary>
    public IReadOnlyList<ViewGroup> Plan(int width, int height)
    {
        var whole = new ImageRegion(0, 0, width, height);
        var main = new ClassifierView(_main, whole);
        if (_plan == ViewPlan.Centre)
        {
            return [new ViewGroup(main, [], [main])];
        }

        ImageRegion seen = _main.VisibleRegion(width, height, whole);
        bool isCut = seen.Width * seen.Height < (1 - OutOfSight) * width * height;
        double stretch = (double)Math.Max(width, height) / Math.Min(width, height);
        var group = new ViewGroup(
            isCut ? new(_squeeze, whole) : main,
            _mustAgree ? Agreeing(whole, stretch) : isCut ? [main] : [],
            _mustAgree ? [] : [new(_squeeze, whole), new(_canvas, whole, ViewShape.Padded, SmallFill)]);
        if (stretch <= Stretched)
        {
            return [group];
        }

        int tiles = Math.Min(MostTiles, (int)Math.Ceiling(stretch));
        var groups = new List<ViewGroup>(1 + tiles) { group };
        for (int i = 0; i < tiles; i++)
        {
            int length = Math.Max(width, height);
            (int start, int end) = (length * i / tiles, length * (i + 1) / tiles);
            ImageRegion tile = width >= height ? new(start, 0, end - start, height) : new(0, start, width, end - start);
            var view = new ClassifierView(_squeeze, tile);
            groups.Add(new ViewGroup(view, _mustAgree ? [new(_squeeze, Middle(tile)), new(_squeeze, tile, ViewShape.Mirrored)] : [], [view]));
        }

        return groups;
    }

    /// <summary>The quarters of a frame, for a closer look where the whole shows a little of something: a thing that
    /// fills a tenth of an image is small at the network's size. None unless the plan asks for them, where views must
    /// agree, and of an image of which they show nothing new.</summary>
    public IReadOnlyList<ViewGroup> Quarters(int width, int height)
    {
        double side = Quarter * Math.Min(width, height);
        if (_plan != ViewPlan.Quarters || _mustAgree || side < _squeeze.InputSize)
        {
            return [];
        }

        (double right, double bottom) = (Math.Floor((1 - Quarter) * width), Math.Floor((1 - Quarter) * height));
        return [.. new[] { (0, 0), (right, 0), (0, bottom), (right, bottom) }.Select(corner =>
        {
            var view = new ClassifierView(_squeeze, new ImageRegion(corner.Item1, corner.Item2, width - right, height - bottom));
            return new ViewGroup(view, [], [view]);
        })];
    }

    /// <summary>What tells a chance likeness from a real one: the middle, and the whole mirrored.</summary>
    private ClassifierView[] Agreeing(ImageRegion whole, double stretch) =>
        [new(_squeeze, stretch > NearlySquare ? Middle(whole) : Inner(whole)), new(_main, whole, ViewShape.Mirrored)];

    /// <summary>The square in the middle.</summary>
    private static ImageRegion Middle(ImageRegion part)
    {
        double side = Math.Min(part.Width, part.Height);
        return new ImageRegion(part.X + Math.Floor((part.Width - side) / 2), part.Y + Math.Floor((part.Height - side) / 2), side, side);
    }

    /// <summary>A nearly square part without its border.</summary>
    private static ImageRegion Inner(ImageRegion part)
    {
        double x = Math.Floor(part.Width / 10), y = Math.Floor(part.Height / 10);
        return new ImageRegion(part.X + x, part.Y + y, part.Width - (2 * x), part.Height - (2 * y));
    }
}
