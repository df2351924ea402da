using System.Numerics.Tensors;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The numbers of a linear layer.</summary>
/// <param name="Weight">[out, in].</param>
/// <param name="Bias">[out]; null: none.</param>
internal sealed record Projection(WeightMatrix Weight, float[]? Bias)
{
    public int Features => Weight.Rows;

    /// <summary>Reads <c>NAME.weight</c>, and <c>NAME.bias</c> where there must be one.</summary>
    public static Projection Read(SafetensorsCheckpoint checkpoint, string name, int output, int input, bool hasBias) => new(
        WeightMatrix.From(checkpoint.Get($"{name}.weight", output, input)),
        hasBias ? checkpoint.Get($"{name}.bias", output).ToSingle() : null);

    /// <summary>Part of its outputs.</summary>
    public Projection Slice(string name, int first, int count) => new(Weight.Slice(name, first, count), Bias?[first..(first + count)]);

    /// <summary>The same with each output times a factor: what a layer scale behind it comes to.</summary>
    public Projection Scale(float[] factors)
    {
        float[]? bias = Bias is null ? null : new float[Bias.Length];
        if (bias is not null)
        {
            TensorPrimitives.Multiply<float>(Bias, factors, bias);
        }

        return new Projection(Weight.ScaleRows(factors), bias);
    }

    /// <summary>Several projections of one input as a single one, their outputs one behind the other.</summary>
    public static Projection Stack(string name, params Projection[] parts) => new(
        WeightMatrix.Stack(name, [.. parts.Select(part => part.Weight)]),
        parts.All(part => part.Bias is null) ? null : [.. parts.SelectMany(part => part.Bias ?? new float[part.Features])]);
}
