using System.Numerics.Tensors;
using SafeVision.Inference;

namespace SafeVision.Conversion.Verification;

/// <summary>Holds what a graph yields against the plain computation.</summary>
internal static class GraphComparison
{
    private const double CoarseTolerance = 0.05;

    /// <summary>Whether weights are rounded to so few bits that the error of a single number among many can't be told from a defect.</summary>
    public static bool IsCoarse(double tolerance) => tolerance > CoarseTolerance;

    /// <summary>The difference: the largest, relative to the largest number; if coarse, the root of the squared differences by that of the squares.</summary>
    /// <exception cref="CheckpointException">It is more than the tolerance, or a number is none.</exception>
    public static double Require(string path, string what, float[] expected, float[] actual, double tolerance)
    {
        double difference = IsCoarse(tolerance)
            ? TensorPrimitives.Distance(expected, actual) / Math.Max(TensorPrimitives.Norm<float>(expected), float.Epsilon)
            : ProviderSelfCheck.RelativeDifference(expected, actual);
        return difference <= tolerance
            ? difference
            : throw new CheckpointException(
                $"{path}: {what} differs from the plain computation by {difference:0.0e+0} (more than {tolerance:0.0e+0}); the weights may be damaged, or this is a defect of the converter.");
    }
}
