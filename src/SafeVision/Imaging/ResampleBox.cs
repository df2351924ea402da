namespace SafeVision.Imaging;

/// <summary>
/// The part of a picture that a resize maps onto the whole target, in source pixels from the top left corner. The
/// edges may lie between pixels. Single precision, because that is what Pillow computes with.
/// </summary>
/// <param name="Left">The left edge, at least 0.</param>
/// <param name="Top">The top edge, at least 0.</param>
/// <param name="Right">The right edge, greater than <paramref name="Left"/> and at most the picture's width.</param>
/// <param name="Bottom">The bottom edge, greater than <paramref name="Top"/> and at most the picture's height.</param>
/// <remarks>Pixels outside the box still contribute where the filter reaches over its edge, as in Pillow.</remarks>
public readonly record struct ResampleBox(float Left, float Top, float Right, float Bottom);
