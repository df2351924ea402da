using CsCheck;
using SafeVision.Assessments;
using SafeVision.Evaluation.Explanations;

namespace SafeVision.Evaluation.Tests.Explanations;

public sealed class HeatMapMetricsTests
{
    private static readonly ImageBox LeftHalf = new(0, 0, 0.5, 1);

    [Fact]
    public void The_hottest_cell_points()
    {
        HeatMap map = Map(4, 2, [0, 1, 0.2f, 0.9f, 0, 0, 0, 0]); // hottest at (0.375, 0.25)
        Assert.Equal(1, HeatMapMetrics.PointingGame(map, [LeftHalf], 0));
        Assert.Equal(0, HeatMapMetrics.PointingGame(map, [new ImageBox(0.5, 0, 0.5, 1)], 0));
        Assert.Equal(0, HeatMapMetrics.PointingGame(map, [new ImageBox(0.5, 0, 0.5, 1)], 0.12));
        Assert.Equal(1, HeatMapMetrics.PointingGame(map, [new ImageBox(0.5, 0, 0.5, 1)], 0.125));
        Assert.Equal(1, HeatMapMetrics.PointingGame(map, [new ImageBox(0.9, 0.9, 0.1, 0.1), LeftHalf], 0));
    }

    [Fact]
    public void An_even_map_gains_what_chance_gives()
    {
        HeatMap map = Map(4, 4, [.. Enumerable.Repeat(0.5f, 16)]);
        Assert.Equal(0.25, HeatMapMetrics.PointingGame(map, [new ImageBox(0, 0, 0.5, 0.5)], 0));
        Assert.Equal(0.25, HeatMapMetrics.EnergyInside(map, [new ImageBox(0, 0, 0.5, 0.5)]), 12);
    }

    [Fact]
    public void A_map_of_a_part_of_the_image_is_laid_over_that_part()
    {
        var map = new HeatMap(2, 1, [0, 1], new ImageBox(0.5, 0.5, 0.5, 0.5)); // hottest at (0.875, 0.75)
        Assert.Equal(1, HeatMapMetrics.PointingGame(map, [new ImageBox(0.8, 0.7, 0.1, 0.1)], 0));
        Assert.Equal(0.5, HeatMapMetrics.EnergyInside(map, [new ImageBox(0.75, 0.5, 0.125, 0.5)]), 12);
    }

    [Fact]
    public void Without_heat_or_a_box_there_is_no_number()
    {
        Assert.Equal(double.NaN, HeatMapMetrics.PointingGame(Map(1, 1, [0]), [LeftHalf]));
        Assert.Equal(double.NaN, HeatMapMetrics.EnergyInside(Map(1, 1, [0]), [LeftHalf]));
        Assert.Equal(double.NaN, HeatMapMetrics.PointingGame(Map(1, 1, [1]), []));
        Assert.Equal(double.NaN, HeatMapMetrics.EnergyInside(Map(1, 1, [1]), []));
    }

    [Fact]
    public void Heat_under_overlapping_boxes_counts_once_as_a_fine_grid_counts_it()
    {
        Gen<ImageBox> box = Gen.Select(Gen.Int[0, 15], Gen.Int[0, 15], Gen.Int[1, 16], Gen.Int[1, 16])
            .Select((x, y, width, height) => new ImageBox(x / 16.0, y / 16.0, Math.Min(width, 16 - x) / 16.0, Math.Min(height, 16 - y) / 16.0));
        Gen.Select(Gen.Float[0, 1].Array[12], box.Array[1, 5]).Where((values, _) => values.Max() > 0).Sample(
            (values, boxes) =>
            {
                HeatMap map = Map(4, 3, values);
                const int Grid = 48; // a multiple of 16 and of the map's sides
                double all = 0, inside = 0;
                for (int i = 0; i < Grid * Grid; i++)
                {
                    (double x, double y) = (((i % Grid) + 0.5) / Grid, ((i / Grid) + 0.5) / Grid);
                    float heat = values[((int)(y * 3) * 4) + (int)(x * 4)];
                    all += heat;
                    inside += boxes.Any(one => x > one.X && x < one.X + one.Width && y > one.Y && y < one.Y + one.Height) ? heat : 0;
                }

                Assert.Equal(inside / all, HeatMapMetrics.EnergyInside(map, boxes), 6);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Boxes_overlap_by_their_areas()
    {
        Assert.Equal(1.0 / 3, BoxMetrics.IntersectionOverUnion(new ImageBox(0, 0, 0.4, 0.4), new ImageBox(0.2, 0, 0.4, 0.4)), 12);
        Assert.Equal(1, BoxMetrics.IntersectionOverUnion(LeftHalf, LeftHalf));
        Assert.Equal(0, BoxMetrics.IntersectionOverUnion(LeftHalf, new ImageBox(0.5, 0, 0.5, 1)));
        Assert.Equal(0, BoxMetrics.IntersectionOverUnion(default, default));
        Assert.Equal(0.5, BoxMetrics.Best(LeftHalf, [new ImageBox(0.9, 0, 0.1, 1), ImageBox.Whole]), 12);
        Assert.Equal(0, BoxMetrics.Best(LeftHalf, []));
    }

    private static HeatMap Map(int width, int height, float[] values) => new(width, height, values, ImageBox.Whole);
}
