using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A convolution whose windows do not overlap.</summary>
/// <param name="Kernel">[out, in · height · width].</param>
/// <param name="Height">Rows of a window, and from one to the next.</param>
/// <param name="Width">Columns of a window, and from one to the next.</param>
internal sealed record ConvNextStep(Projection Kernel, int Height, int Width);
