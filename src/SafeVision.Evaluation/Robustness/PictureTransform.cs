using SafeVision.Assessments;

namespace SafeVision.Evaluation.Robustness;

/// <summary>A function of pixels, and of where things in them are.</summary>
internal abstract class PictureTransform
{
    /// <summary>Whether things are elsewhere afterwards.</summary>
    public virtual bool Moves => false;

    /// <summary>The disturbed picture. The given one stays as it is.</summary>
    public abstract Picture Apply(Picture picture, Metrics.SeededRandom random);

    /// <summary>Where a thing is afterwards, in fractions of the new picture; empty where it is no longer in it.</summary>
    /// <param name="box">Where it was, in fractions.</param>
    /// <param name="width">Columns of the picture before.</param>
    /// <param name="height">Rows of the picture before.</param>
    public virtual IReadOnlyList<ImageBox> Follow(ImageBox box, int width, int height) => [box];
}
