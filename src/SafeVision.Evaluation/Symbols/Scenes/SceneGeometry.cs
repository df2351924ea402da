using SafeVision.Evaluation.Symbols.Catalogue;

namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>Where the parts of a scene stand inside its square, 0 to 1 each way.</summary>
internal static class SceneGeometry
{
    private static readonly (double X, double Y, double Size)[] s_thirds = [(0.84, 0.36, 0.3), (0.84, 0.74, 0.28)];

    /// <summary>Middle and size of a part.</summary>
    public static (double X, double Y, double Size) Of(SceneLayout layout, int part, int parts)
    {
        // The first two make the relation; more parts stand in a strip at its side.
        double width = parts > 2 ? 0.7 : 1;
        if (part > 1)
        {
            return s_thirds[(part - 2) % s_thirds.Length];
        }

        (double x, double y, double size) = (layout, part) switch
        {
            (SceneLayout.Beside, 0) => (0.26, 0.5, 0.5),
            (SceneLayout.Beside, _) => (0.75, 0.52, 0.46),
            (SceneLayout.Over, 0) => (0.47, 0.45, 0.86),
            (SceneLayout.Over, _) => (0.6, 0.72, 0.5),
            (SceneLayout.Around, 0) => (0.5, 0.52, 0.56),
            (SceneLayout.Around, _) => (0.5, 0.5, 0.98),
            (SceneLayout.Above, 0) => (0.5, 0.69, 0.6),
            (SceneLayout.Above, _) => (0.52, 0.22, 0.42),
            (SceneLayout.Aimed, 0) => (0.3, 0.5, 0.58),
            (_, _) => (0.76, 0.5, 0.46),
        };
        return (x * width, y, size * width);
    }

    /// <summary>How much of a part must stay visible.</summary>
    public static double LeastVisible(SceneLayout layout, int part) => (layout, part) switch
    {
        (SceneLayout.Around, 0) => 0.2,
        (SceneLayout.Over, 0) => 0.35,
        _ => 0.5,
    };
}
