namespace SafeVision.Training.Nano;

/// <summary>Squares cut out of drawn scenes, each around a thing, and changed as another hand might have drawn them:
/// stretched, slanted, outlined, in other colours or none.</summary>
internal sealed class NanoCrops(IReadOnlyList<SceneSource> sources, IReadOnlyDictionary<string, int> names, int seed)
{
    /// <summary>Cells in a row of a square.</summary>
    public const int Side = 5;

    private const int Pixels = Side * NanoScenes.ImageSize / NanoScenes.Side;
    private const int OfScene = 2;

    /// <summary>The squares of a step.</summary>
    /// <param name="step">The step's number; its scenes follow from it.</param>
    /// <param name="count">How many squares.</param>
    /// <param name="random">Where they are cut.</param>
    public IReadOnlyList<(SymbolScene Crop, IReadOnlyList<SceneThing> Things)> Take(int step, int count, Random random)
    {
        var crops = new List<(SymbolScene, IReadOnlyList<SceneThing>)>();
        for (int i = 0; crops.Count < count; i++)
        {
            SymbolScene scene = NanoScenes.Draw((step * count) + i, sources, seed);
            SceneThing[] things = [.. NanoScenes.Shown(scene, names)];
            for (int k = 0; k < OfScene && crops.Count < count; k++)
            {
                SceneThing around = things[random.Next(things.Length)];
                crops.Add(Cut(scene, things, Start(around.Box[0], around.Box[2]), Start(around.Box[1], around.Box[3])));
            }
        }

        return crops;

        int Start(double from, double to) => Math.Clamp((int)(((from + to) / 2 * NanoScenes.ImageSize) - (Pixels * (0.25 + (0.5 * random.NextDouble())))), 0, NanoScenes.ImageSize - Pixels);
    }

    /// <summary>Colours from 0 to 1, [images, 3, side, side], stretched and slanted a little.</summary>
    public static Tensor Bent(Tensor colors)
    {
        (long n, long side) = (colors.shape[0], colors.shape[2]);
        Tensor theta = stack([stack([Between(0.85, 1.18, n), Between(-0.2, 0.2, n), Between(-0.05, 0.05, n)], 1), stack([Between(-0.1, 0.1, n), Between(0.85, 1.18, n), Between(-0.05, 0.05, n)], 1)], 1);
        return nn.functional.grid_sample(colors, nn.functional.affine_grid(theta, [n, 3, side, side], false), GridSampleMode.Bilinear, GridSamplePaddingMode.Reflection, false);
    }

    /// <summary>Colours from 0 to 1, [images, 3, side, side], outlined, or in other colours, or in none: each thing where it is.</summary>
    public static Tensor Redrawn(Tensor x)
    {
        long n = x.shape[0];

        // Outlines: where a colour ends, in one of two widths.
        Tensor gray = x.mean([1L], keepdim: true), edges = Widest(gray).Plus(Widest(gray.neg())).Times(3).Between(0, 1);
        x = Mixed(x, zeros_like(x), Mixed(edges, Widest(edges), Some(0.5)) * Some(0.25) * Between(0.5, 1, n, 1, 1, 1));

        gray = x.mean([1L], keepdim: true);
        x = gray.Plus(x.Plus(gray.neg()) * Between(0.3, 1.5, n, 1, 1, 1) * Some(0.88));
        x = (x.Plus(-0.5) * Between(0.6, 1.35, n, 1, 1, 1)).Plus(0.5).Plus(Between(-0.15, 0.15, n, 1, 1, 1)) * Between(0.85, 1.15, n, 3, 1, 1);
        x = Mixed(x, x.index_select(1, tensor(new long[] { 2, 0, 1 })), Some(0.1));
        x = Mixed(x, x.neg().Plus(1), Some(0.04));
        return Mixed(x, nn.functional.avg_pool2d(x, 3, 1, 1, false, false), Some(0.2)).Between(0, 1);

        Tensor Some(double share) => rand([n, 1, 1, 1]).Above(1 - share).to(ScalarType.Float32);
    }

    private static Tensor Between(double least, double most, params long[] shape) => rand(shape).Times(most - least).Plus(least);

    /// <summary>x, and of y a share.</summary>
    public static Tensor Mixed(Tensor x, Tensor y, Tensor share) => x.Plus(y.Plus(x.neg()) * share);

    private static Tensor Widest(Tensor x) => nn.functional.max_pool2d(x, 3, 1, 1);

    private static (SymbolScene, IReadOnlyList<SceneThing>) Cut(SymbolScene scene, IReadOnlyList<SceneThing> things, int left, int top)
    {
        byte[] pixels = new byte[Pixels * Pixels * 3];
        for (int y = 0; y < Pixels; y++)
        {
            scene.Pixels.Span.Slice((((top + y) * scene.Size) + left) * 3, Pixels * 3).CopyTo(pixels.AsSpan(y * Pixels * 3));
        }

        double scale = (double)scene.Size / Pixels, x = (double)left / Pixels, z = (double)top / Pixels;
        return (new SymbolScene(Pixels, pixels, []), [.. things.Select(thing => thing with { Box = [(thing.Box[0] * scale) - x, (thing.Box[1] * scale) - z, (thing.Box[2] * scale) - x, (thing.Box[3] * scale) - z] })]);
    }
}
