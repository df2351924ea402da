using SafeVision.Imaging;

namespace SafeVision.Engines.ClosedSet;

/// <summary>Chooses the parts of a picture that a network with a square input is shown, so that nothing stays out of sight.</summary>
internal sealed class ViewPlanner
{
    /// <summary>A crop may leave out this share of the picture before the whole is shown as well.</summary>
    private const double OutOfSight = 0.3;

    /// <summary>Longer than this (long side over short side), squeezing the whole picture into a square hides what it shows.</summary>
    private const double Stretched = 2.5;

    private const int MostTiles = 4;

    private readonly ImagePreprocessor _main;
    private readonly ImagePreprocessor _squeeze;
    private readonly ViewPlan _plan;

    /// <param name="recipe">The model's own preprocessing.</param>
    /// <param name="plan">How much to show.</param>
    public ViewPlanner(PreprocessingRecipe recipe, ViewPlan plan)
    {
        _main = new ImagePreprocessor(recipe);
        _squeeze = recipe.Crop is null ? _main : new ImagePreprocessor(recipe with
        {
            Crop = null,
            Resize = recipe.Resize with { Mode = ResizeMode.Exact, Size = recipe.Crop.Value },
        });
        _plan = plan;
    }

    public int MostViews => _plan == ViewPlan.Centre ? 1 : 2 + MostTiles;

    /// <summary>The views of a frame: the model's own first, then the whole squeezed, then tiles of a stretched picture.</summary>
    public IReadOnlyList<ClassifierView> Plan(int width, int height)
    {
        var whole = new ImageRegion(0, 0, width, height);
        var views = new List<ClassifierView>(1) { new(_main, whole) };
        if (_plan == ViewPlan.Centre)
        {
            return views;
        }

        ImageRegion seen = _main.VisibleRegion(width, height, whole);
        if (seen.Width * seen.Height < (1 - OutOfSight) * width * height)
        {
            views.Add(new(_squeeze, whole));
        }

        double stretch = (double)Math.Max(width, height) / Math.Min(width, height);
        if (stretch > Stretched)
        {
            int tiles = Math.Min(MostTiles, (int)Math.Ceiling(stretch));
            for (int i = 0; i < tiles; i++)
            {
                int length = Math.Max(width, height);
                (int start, int end) = (length * i / tiles, length * (i + 1) / tiles);
                views.Add(new(_squeeze, width >= height
                    ? new ImageRegion(start, 0, end - start, height)
                    : new ImageRegion(0, start, width, end - start)));
            }
        }

        return views;
    }
}
