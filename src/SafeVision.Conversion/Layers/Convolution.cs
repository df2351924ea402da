using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>A two-dimensional convolution, in groups (depthwise: as many groups as channels).</summary>
internal sealed class Convolution : Layer
{
    private readonly StoredTensor _kernel; // [out, in / groups, height, width]
    private readonly StoredTensor? _bias;
    private readonly Window _window;
    private readonly int _groups;

    public Convolution(string name, Layer input, StoredTensor kernel, StoredTensor? bias, Window window, int groups = 1)
        : base(name, ShapeOf(name, input, kernel, bias, window, groups), input) =>
        (_kernel, _bias, _window, _groups) = (kernel, bias, window, groups);

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs) =>
        Write(graph, output, inputs[0], weights.Add(_kernel), _bias is null ? null : weights.AddSmall(_bias));

    /// <summary>Writes the convolution and the batch normalisation behind it as one convolution.</summary>
    public void WriteFolded(OnnxGraph graph, OnnxWeights weights, string output, string input, BatchNormalization normalization)
    {
        (double[] factors, double[] offsets) = normalization.Coefficients();
        double[]? bias = _bias?.ToDouble();
        string folded = graph.Singles(
            $"{Name}/bias", [.. offsets.Select((offset, channel) => (float)(offset + (bias is null ? 0 : bias[channel] * factors[channel])))], offsets.Length);
        Write(graph, output, input, weights.AddScaled(_kernel, factors), folded);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] kernel = _kernel.ToDouble(), result = new double[Channels * Height * Width];
        double[]? bias = _bias?.ToDouble();
        Parallel.For(0, Channels, channel =>
        {
            Span<double> plane = result.AsSpan(channel * Height * Width, Height * Width);
            plane.Fill(bias?[channel] ?? 0);
            int perGroup = _kernel.Shape[1], first = channel / (Channels / _groups) * perGroup;
            for (int i = 0; i < perGroup; i++)
            {
                Accumulate(inputs[0], first + i, kernel.AsSpan(((channel * perGroup) + i) * _window.Height * _window.Width), plane);
            }
        });
        return result;
    }

    private void Accumulate(double[] input, int channel, ReadOnlySpan<double> kernel, Span<double> plane)
    {
        Layer source = Inputs[0];
        ReadOnlySpan<double> picture = input.AsSpan(channel * source.Height * source.Width, source.Height * source.Width);
        for (int ky = 0; ky < _window.Height; ky++)
        {
            for (int y = 0; y < Height; y++)
            {
                int sourceY = (y * _window.StrideY) + ky - _window.Top;
                if (sourceY < 0 || sourceY >= source.Height)
                {
                    continue;
                }

                ReadOnlySpan<double> row = picture.Slice(sourceY * source.Width, source.Width);
                for (int kx = 0; kx < _window.Width; kx++)
                {
                    AccumulateRow(row, kx - _window.Left, kernel[(ky * _window.Width) + kx], plane.Slice(y * Width, Width));
                }
            }
        }
    }

    private void AccumulateRow(ReadOnlySpan<double> row, int offset, double weight, Span<double> sums)
    {
        if (_window.StrideX == 1)
        {
            int from = Math.Max(0, -offset), to = Math.Min(sums.Length, row.Length - offset);
            if (to > from)
            {
                TensorPrimitives.MultiplyAdd(row[(from + offset)..(to + offset)], weight, sums[from..to], sums[from..to]);
            }

            return;
        }

        for (int x = 0; x < sums.Length; x++)
        {
            int sourceX = (x * _window.StrideX) + offset;
            sums[x] += sourceX >= 0 && sourceX < row.Length ? row[sourceX] * weight : 0;
        }
    }

    private void Write(OnnxGraph graph, string output, string input, string kernel, string? bias) => graph.Node(
        "Conv", output, bias is null ? [input, kernel] : [input, kernel, bias],
        OnnxAttribute.Integers("kernel_shape", _window.Height, _window.Width),
        OnnxAttribute.Integers("strides", _window.StrideY, _window.StrideX),
        OnnxAttribute.Integers("pads", _window.Pads),
        OnnxAttribute.Integer("group", _groups));

    private static int[] ShapeOf(string name, Layer input, StoredTensor kernel, StoredTensor? bias, Window window, int groups)
    {
        RequireImage(input, name);
        Require(kernel.Shape.Count == 4 && kernel.Shape[2] == window.Height && kernel.Shape[3] == window.Width, name, $"the kernel's shape [{string.Join(", ", kernel.Shape)}] is not that of the window");
        Require(
            groups > 0 && kernel.Shape[0] > 0 && kernel.Shape[0] % groups == 0 && kernel.Shape[1] * (long)groups == input.Channels, name,
            $"a kernel [{string.Join(", ", kernel.Shape)}] in {groups} groups does not fit an input of {input.Channels} channels");
        Require(bias is null || bias.Count == kernel.Shape[0], name, $"there are {bias?.Count} biases for {kernel.Shape[0]} channels");
        Require(window.Fits(input), name, "the window is larger than the picture");
        return [kernel.Shape[0], window.PlacesY(input.Height), window.PlacesX(input.Width)];
    }
}
