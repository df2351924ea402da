using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Networks;

/// <summary>
/// Sums and products with numbers, as training does them millions of times. TorchSharp's own operators make a
/// <see cref="Scalar"/> for each number, also for the hidden factor of a sum, and nothing keeps it alive while native code
/// reads it: once in some hundred thousand calls a collection frees it too early. Here it lives until the call is over.
/// </summary>
internal static class Arithmetic
{
    public static Tensor Plus(this Tensor x, Tensor y)
    {
        using Scalar one = 1;
        return x.add(y, one);
    }

    public static Tensor Plus(this Tensor x, double number)
    {
        using Scalar scalar = number, one = 1;
        return x.add(scalar, one);
    }

    public static Tensor Times(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.mul(scalar);
    }

    /// <summary>x over the root of its mean square (Zhang and Sennrich, arXiv 1910.07467), in float32.</summary>
    public static Tensor RootMeanSquareNormed(this Tensor x, double epsilon)
    {
        x = x.to(ScalarType.Float32);
        return x * x.square().mean([-1], keepdim: true).Plus(epsilon).rsqrt();
    }

    /// <summary>x ← x · number.</summary>
    public static Tensor Scale(this Tensor x, double number)
    {
        using Scalar scalar = number;
        return x.mul_(scalar);
    }

    /// <summary>x ← x + number · y.</summary>
    public static Tensor AddScaled(this Tensor x, Tensor y, double number)
    {
        using Scalar scalar = number;
        return x.add_(y, scalar);
    }
}
