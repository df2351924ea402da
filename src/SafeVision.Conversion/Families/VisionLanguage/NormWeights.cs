using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A normalisation over the last dimension.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="Weight">What the normalised numbers are multiplied by.</param>
/// <param name="Bias">What is added then; null: none, and no mean is taken off before, which makes it an RMS norm (Zhang and Sennrich, arXiv 1910.07467).</param>
/// <param name="Epsilon">Added to the variance.</param>
internal sealed record NormWeights(string Name, float[] Weight, float[]? Bias, double Epsilon)
{
    public bool IsRms => Bias is null;

    public static NormWeights Rms(SafetensorsCheckpoint checkpoint, string name, int features, double epsilon) =>
        new(name, checkpoint.Get($"{name}.weight", features).ToSingle(), null, epsilon);

    public static NormWeights Layer(SafetensorsCheckpoint checkpoint, string name, int features, double epsilon) =>
        new(name, checkpoint.Get($"{name}.weight", features).ToSingle(), checkpoint.Get($"{name}.bias", features).ToSingle(), epsilon);
}
