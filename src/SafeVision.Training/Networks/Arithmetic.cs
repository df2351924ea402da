// Networks: networks that learn, in TorchSharp, equal to what the run time computes. TrainableNetwork is a whole model (VisionTower, QwenTower
// or CellTower, and TextDecoder) over NetworkWeights; TokenBatch lays conversations out; NewCheckpoint and WordTokenizer write untrained models.

namespace SafeVision.Training.Networks;

/// <summary>Sums and products with numbers, as training does them millions of times. TorchSharp's own operators make a
/// <see cref="Scalar"/> for each number, also for the hidden factor of a sum, and nothing keeps it alive while native code reads
/// it: once in some hundred thousand calls a collection frees it too early. Here it lives until the call is over.</summary>
#pragma warning disable RS0030 // this is the one place that makes scalars, and keeps them
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

    public static Tensor Times(this Tensor x, double number) => Kept(number, scalar => x.mul(scalar));

    /// <summary>x · x; TorchSharp's own square is a power with a hidden number.</summary>
    public static Tensor Squared(this Tensor x) => x * x;

    /// <summary>x over the root of its mean square (Zhang and Sennrich, arXiv 1910.07467), in float32.</summary>
    public static Tensor RootMeanSquareNormed(this Tensor x, double epsilon)
    {
        x = x.to(ScalarType.Float32);
        return x * x.Squared().mean([-1], keepdim: true).Plus(epsilon).rsqrt();
    }

    /// <summary>x turned by angles, its first half against its second (Su et al., arXiv 2104.09864).</summary>
    public static Tensor Turned(this Tensor x, Tensor cosine, Tensor sine)
    {
        long half = x.shape[^1] / 2;
        return (x * cosine).Plus(cat([x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)], -1) * sine);
    }

    /// <summary>Where x is a number.</summary>
    public static Tensor Is(this Tensor x, long number) => Kept(number, scalar => x.eq(scalar));

    /// <summary>Where x is another number.</summary>
    public static Tensor IsNot(this Tensor x, long number) => Kept(number, scalar => x.ne(scalar));

    /// <summary>Where x is above a number.</summary>
    public static Tensor Above(this Tensor x, double number) => Kept(number, scalar => x.gt(scalar));

    /// <summary>x, but at least a number.</summary>
    public static Tensor AtLeast(this Tensor x, double least) => Kept(least, scalar => x.clamp(min: scalar));

    /// <summary>x, but at least a number and at most another.</summary>
    public static Tensor Between(this Tensor x, double least, double most)
    {
        using Scalar low = least, high = most;
        return x.clamp(low, high);
    }

    /// <summary>x, and a number where the mask is.</summary>
    public static Tensor Filled(this Tensor x, Tensor mask, double number) => Kept(number, scalar => x.masked_fill(mask, scalar));

    /// <summary>x, and a number at some places of its last dimension.</summary>
    public static Tensor FilledAt(this Tensor x, Tensor places, double number) => Kept(number, scalar => x.index_fill(-1, places, scalar));

    /// <summary>x ← x · number.</summary>
    public static Tensor Scale(this Tensor x, double number) => Kept(number, scalar => x.mul_(scalar));

    /// <summary>x ← x + number · y.</summary>
    public static Tensor AddScaled(this Tensor x, Tensor y, double number) => Kept(number, scalar => x.add_(y, scalar));

    private static Tensor Kept(Scalar scalar, Func<Scalar, Tensor> compute)
    {
        using (scalar)
        {
            return compute(scalar);
        }
    }
}
