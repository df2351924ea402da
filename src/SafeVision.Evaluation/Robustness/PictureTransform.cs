using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Robustness;

/// <summary>A function of pixels.</summary>
internal abstract class PictureTransform
{
    /// <summary>The disturbed picture. The given one stays as it is.</summary>
    public abstract Picture Apply(Picture picture, SeededRandom random);
}
