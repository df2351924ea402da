namespace SafeVision.Conversion.Checkpoints;

/// <summary>From stored integers to numbers: <c>value = stored · scale + offset</c>.</summary>
/// <param name="Scales">One for the tensor, or one for each of its rows.</param>
/// <param name="Offset">The value of a stored zero.</param>
internal sealed record Dequantization(IReadOnlyList<double> Scales, double Offset)
{
    public double Scale(int index, int rowLength) => Scales[Scales.Count == 1 ? 0 : index / rowLength];
}
