using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Tests.Layers;

/// <summary>The plain computation against numbers worked out by hand, since ONNX Runtime is held against it.</summary>
public sealed class LayerTests
{
    private static readonly ImageInput s_input = new(3); // [3, 3, 3]

    private static readonly double[] s_ramp = [.. Enumerable.Range(0, 27).Select(i => (double)i)];

    [Fact]
    public void A_convolution_with_same_padding_and_stride_2_pads_the_bottom_and_the_right_last()
    {
        // 3 pixels at stride 2 give 2 places and a padding of 1 at each side.
        Window window = Window.Same(s_input, 3, 3, 2, 2);
        Assert.Equal((1, 1, 1, 1), (window.Top, window.Left, window.Bottom, window.Right));
        Window even = Window.Same(new ImageInput(4), 3, 3, 2, 2);
        Assert.Equal((0, 0, 1, 1), (even.Top, even.Left, even.Bottom, even.Right));

        StoredTensor ones = StoredTensor.FromSingles("w", [1, 3, 3, 3], [.. Enumerable.Repeat(1f, 27)]);
        var layer = new Convolution("c", s_input, ones, StoredTensor.FromSingles("b", [1], [0.5f]), window);
        Assert.Equal([1, 2, 2], layer.Shape);

        // Top left: pixels 0 1 3 4 of each channel, channels 9 apart: 3 · 8 + 4 · (9 + 18) + 0.5.
        Assert.Equal([132.5, 144.5, 168.5, 180.5], layer.Compute([s_ramp]));
    }

    [Fact]
    public void A_depthwise_convolution_keeps_channels_apart()
    {
        StoredTensor kernel = StoredTensor.FromSingles("w", [3, 1, 1, 1], [1, 10, 100]);
        var layer = new Convolution("c", s_input, kernel, null, new Window(1, 1, 1, 1), groups: 3);
        double[] result = layer.Compute([s_ramp]);
        Assert.Equal((0, 90, 1800, 2600), (result[0], result[9], result[18], result[26]));
    }

    [Fact]
    public void Pooling_does_not_count_the_padding()
    {
        Window window = Window.Same(s_input, 2, 2, 1, 1); // a row and a column at the bottom and the right
        Assert.Equal([2.0, 3, 3.5, 5, 6, 6.5, 6.5, 7.5, 8], new Pooling("p", s_input, window, average: true).Compute([s_ramp])[..9]);
        Assert.Equal([4.0, 5, 5, 7, 8, 8, 7, 8, 8], new Pooling("p", s_input, window, average: false).Compute([s_ramp])[..9]);
        Assert.Equal([4.0, 13, 22], Pooling.GlobalAverage("p", s_input).Compute([s_ramp]));
    }

    [Fact]
    public void Flattening_puts_channels_last() => Assert.Equal([0.0, 9, 18, 1, 10], new Flatten("f", s_input).Compute([s_ramp])[..5]);

    [Fact]
    public void Zeros_go_around_a_picture()
    {
        double[] padded = new Padding("p", s_input, 1, 0, 0, 1).Compute([s_ramp]);
        Assert.Equal([0.0, 0, 0, 0, 0, 1, 2, 0, 3, 4, 5, 0], padded[..12]);
    }

    [Fact]
    public void Batch_normalisation_is_the_formula()
    {
        static StoredTensor Three(string name, float a, float b, float c) => StoredTensor.FromSingles(name, [3], [a, b, c]);
        var layer = new BatchNormalization("n", s_input, Three("g", 1, 2, 3), Three("b", 0, 1, 0), Three("m", 1, 10, 0), Three("v", 3, 8, 0), 1);
        double[] result = layer.Compute([s_ramp]);
        Assert.Equal((-0.5, ((9 - 10) / 3.0 * 2) + 1, 54), (result[0], result[9], result[18]));
        (double[] factors, double[] offsets) = layer.Coefficients();
        Assert.Equal(result[26], (26 * factors[2]) + offsets[2], 1e-12);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.1, 0.1124629160182849)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(2.4, 0.9993114861033549)]
    [InlineData(2.6, 0.9997639655834707)]
    [InlineData(-1.5, -0.9661051464753108)]
    [InlineData(4, 0.9999999845827421)]
    [InlineData(9, 1)]
    public void The_error_function_is_exact(double x, double expected) => Assert.Equal(expected, Gelu.ErrorFunction(x), 1e-13);

    [Fact]
    public void Attention_passes_over_hidden_tokens()
    {
        var tokens = new TokenInput("t");
        var x = new Embedding("e", tokens, StoredTensor.FromSingles("w", [3, 2], [1, 0, 0, 1, 5, 5]));
        var layer = new Attention("a", x, x, x, tokens, heads: 1);
        double[] values = [1, 0, 0, 1, 5, 5];
        double share = Math.Exp(1 / Math.Sqrt(2)) / (Math.Exp(1 / Math.Sqrt(2)) + 1);
        double[] result = layer.Compute([values, values, values, [1, 1, 0]]);
        Assert.Equal(share, result[0], 1e-12);
        Assert.Equal(1 - share, result[1], 1e-12);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused_by_name()
    {
        StoredTensor kernel = StoredTensor.FromSingles("w", [1, 2, 1, 1], [1, 1]);
        Assert.Contains("'c'", Assert.Throws<CheckpointException>(() => new Convolution("c", s_input, kernel, null, new Window(1, 1, 1, 1))).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => new Pooling("p", s_input, new Window(4, 4, 1, 1), average: true));
        Assert.Throws<CheckpointException>(() => new Sum("s", s_input, new ImageInput(4)));
        Assert.Throws<CheckpointException>(() => new Dense("d", s_input, kernel, null));
    }
}
