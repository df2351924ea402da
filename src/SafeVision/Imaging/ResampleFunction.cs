namespace SafeVision.Imaging;

/// <summary>
/// The continuous kernels, in the operations and the order of Pillow's <c>Resample.c</c>, so that the weights agree
/// to the last bit.
/// </summary>
internal static class ResampleFunction
{
    /// <summary>How far the kernel reaches to each side, in units of the coarser of the two pixel grids.</summary>
    public static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter has no kernel."),
    };

    public static double Evaluate(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Bilinear => Bilinear(Math.Abs(x)),
        ResampleFilter.Hamming => Hamming(Math.Abs(x)),
        ResampleFilter.Bicubic => Bicubic(Math.Abs(x)),
        ResampleFilter.Lanczos => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter has no kernel."),
    };

    private static double Bilinear(double x) => x < 1 ? 1 - x : 0;

    private static double Hamming(double x)
    {
        if (x == 0)
        {
            return 1;
        }

        if (x >= 1)
        {
            return 0;
        }

        x *= Math.PI;
        // The two constants are single precision in the original.
        return Math.Sin(x) / x * (0.54f + 0.46f * Math.Cos(x));
    }

    private static double Bicubic(double x)
    {
        const double a = -0.5;
        if (x < 1)
        {
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        }

        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double Sinc(double x)
    {
        if (x == 0)
        {
            return 1;
        }

        x *= Math.PI;
        return Math.Sin(x) / x;
    }
}
