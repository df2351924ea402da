using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>The tokens of a sequence that stand for one picture. Text tokens, such as line breaks, may stand between its image tokens.</summary>
/// <param name="Start">The first image token.</param>
/// <param name="Length">From the first to the last image token.</param>
/// <param name="Picture">What tells pictures apart: a hash of the pixel values.</param>
/// <param name="Plan">The picture's tiles and tokens.</param>
internal sealed record ImageSpan(int Start, int Length, UInt128 Picture, ImagePlan Plan)
{
    public int End => Start + Length;
}
