using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.Encoders;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Tests.Families.Encoders;

/// <summary>Convolutions computed plainly against numbers worked out by hand, since ONNX Runtime is held against them.</summary>
public sealed class FeatureMapTests
{
    private static readonly MapSize s_map = new(3, 3);

    // Channels 9 apart, as [channels, places]: 0 1 2 / 3 4 5 / 6 7 8, and so on; here place by place.
    private static readonly float[] s_ramp = [.. Enumerable.Range(0, 9).SelectMany(place => new[] { (float)place, place + 9f, place + 18f })];

    [Fact]
    public void Same_padding_at_stride_2_pads_the_bottom_and_the_right_last()
    {
        // 3 pixels at stride 2 give 2 places and a padding of 1 at each side.
        Window window = Window.Same(s_map, 3, 2);
        Assert.Equal((1, 1, 1, 1), (window.Top, window.Left, window.Bottom, window.Right));
        Window even = Window.Same(new MapSize(4, 4), 3, 2);
        Assert.Equal((0, 0, 1, 1), (even.Top, even.Left, even.Bottom, even.Right));
        Assert.Equal(new MapSize(2, 2), s_map.After(window));

        // Top left: pixels 0 1 3 4 of each channel, channels 9 apart: 3 · 8 + 4 · (9 + 18).
        float[] sums = [.. s_map.Cut(s_ramp, 3, window).Chunk(27).Select(cut => cut.Sum())];
        Assert.Equal([132, 144, 168, 180], sums);
    }

    [Fact]
    public void A_depthwise_convolution_keeps_channels_apart()
    {
        var kernel = new Projection(WeightMatrix.From(StoredTensor.FromSingles("w", [3, 1, 1, 1], [1, 10, 100])), [0.5f, 0, 0]);
        float[] result = s_map.Mix(s_ramp, kernel, Window.Tile(1, 1));
        Assert.Equal([0.5f, 90, 1800], result[..3]);
        Assert.Equal([8.5f, 170, 2600], result[^3..]);
    }

    [Fact]
    public void A_depthwise_convolution_at_stride_2_sees_what_the_cut_windows_hold()
    {
        Window window = Window.Same(s_map, 3, 2);
        var kernel = new Projection(WeightMatrix.From(StoredTensor.FromSingles("w", [3, 1, 3, 3], [.. Enumerable.Range(0, 27).Select(i => (float)i)])), [0, 0, 0]);
        float[] cut = s_map.Cut(s_ramp, 3, window), expected = new float[4 * 3];
        for (int i = 0; i < cut.Length; i++)
        {
            expected[i / 9] += cut[i] * (i % 27);
        }

        Assert.Equal(expected, s_map.Mix(s_ramp, kernel, window));
    }

    [Theory]
    [InlineData(3, 2, 1)]
    [InlineData(1, 2, 0)]
    [InlineData(4, 4, 1)]
    public void What_is_no_whole_tile_falls_away(int side, int tile, int left) => Assert.Equal(new MapSize(left, left), new MapSize(side, side).After(Window.Tile(tile, tile)));
}
