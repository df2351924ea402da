using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>A finished conversion.</summary>
/// <param name="Manifest">The manifest that was written.</param>
/// <param name="Family">The family that read the checkpoint.</param>
/// <param name="LargestDifference">The largest difference between ONNX Runtime and the plain computation, relative to the largest number of an output; where weights are rounded to few bits: the root of the squared differences of a layer by that of the squares.</param>
public sealed record ConversionResult(ModelManifest Manifest, string Family, double LargestDifference);
