using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Layers;

/// <summary>Batch normalisation with the statistics of training: a factor and an offset for each channel.</summary>
internal sealed class BatchNormalization : Layer
{
    private readonly StoredTensor? _gamma;
    private readonly StoredTensor? _beta;
    private readonly StoredTensor _mean;
    private readonly StoredTensor _variance;
    private readonly double _epsilon;

    public BatchNormalization(string name, Layer input, StoredTensor? gamma, StoredTensor? beta, StoredTensor mean, StoredTensor variance, double epsilon)
        : base(name, [.. input.Shape], input)
    {
        RequireImage(input, name);
        foreach (StoredTensor? tensor in new[] { gamma, beta, mean, variance })
        {
            Require(tensor is null || tensor.Count == input.Channels, name, $"'{tensor?.Name}' has {tensor?.Count} numbers for {input.Channels} channels");
        }

        Require(epsilon >= 0 && variance.ToDouble().All(value => value + epsilon > 0), name, "a variance is not above 0");
        (_gamma, _beta, _mean, _variance, _epsilon) = (gamma, beta, mean, variance, epsilon);
    }

    /// <summary>What it comes to for each channel: <c>x · factor + offset</c>.</summary>
    public (double[] Factors, double[] Offsets) Coefficients()
    {
        double[] mean = _mean.ToDouble(), variance = _variance.ToDouble();
        double[]? gamma = _gamma?.ToDouble(), beta = _beta?.ToDouble();
        double[] factors = [.. variance.Select((value, i) => (gamma?[i] ?? 1) / Math.Sqrt(value + _epsilon))];
        return (factors, [.. mean.Select((value, i) => (beta?[i] ?? 0) - (value * factors[i]))]);
    }

    public override void Write(OnnxGraph graph, OnnxWeights weights, string output, IReadOnlyList<string> inputs)
    {
        (double[] factors, double[] offsets) = Coefficients();
        string scaled = graph.Node("Mul", graph.Claim($"{Name}/scaled"), [inputs[0], graph.Singles($"{Name}/factor", [.. factors.Select(value => (float)value)], Channels, 1, 1)]);
        graph.Node("Add", output, [scaled, graph.Singles($"{Name}/offset", [.. offsets.Select(value => (float)value)], Channels, 1, 1)]);
    }

    public override double[] Compute(IReadOnlyList<double[]> inputs)
    {
        double[] mean = _mean.ToDouble(), variance = _variance.ToDouble();
        double[]? gamma = _gamma?.ToDouble(), beta = _beta?.ToDouble();
        int plane = Height * Width;
        return [.. inputs[0].Select((value, i) =>
        {
            int channel = i / plane;
            double normal = (value - mean[channel]) / Math.Sqrt(variance[channel] + _epsilon);
            return (normal * (gamma?[channel] ?? 1)) + (beta?[channel] ?? 0);
        })];
    }
}
