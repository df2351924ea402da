using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>The places of a feature map, row by row, and convolutions over them computed plainly.</summary>
/// <param name="Rows">Places from top to bottom.</param>
/// <param name="Columns">Places from left to right.</param>
internal readonly record struct PlaceGrid(int Rows, int Columns)
{
    public int Places => Rows * Columns;

    /// <summary>What is left after a convolution; what is no whole window falls away.</summary>
    public PlaceGrid After(ConvNextStep step) => new(Rows / step.Height, Columns / step.Width);

    /// <summary>The windows of a convolution one by one, [windows, channels · height · width], from [places, channels].</summary>
    public float[] Cut(float[] x, int channels, ConvNextStep step)
    {
        PlaceGrid after = After(step);
        int size = step.Height * step.Width, columns = Columns;
        float[] cut = new float[after.Places * channels * size];
        for (int i = 0; i < cut.Length; i++)
        {
            (int window, int rest) = Math.DivRem(i, channels * size);
            (int channel, int place) = Math.DivRem(rest, size);
            int row = (window / after.Columns * step.Height) + (place / step.Width), column = (window % after.Columns * step.Width) + (place % step.Width);
            cut[i] = x[(((row * columns) + column) * channels) + channel];
        }

        return cut;
    }

    /// <summary>Each channel by its own square kernel, zeros around the map: [places, channels] in and out.</summary>
    public float[] Mix(float[] x, Projection kernel)
    {
        const int Size = ConvNextBlock.KernelSize, Half = Size / 2;
        (int rows, int columns, int channels) = (Rows, Columns, kernel.Features);
        float[] weights = kernel.Weight.ToArray(), mixed = new float[x.Length]; // [channels, 7 · 7]
        Parallel.For(0, rows * columns, place =>
        {
            (int row, int column) = Math.DivRem(place, columns);
            for (int channel = 0; channel < channels; channel++)
            {
                double sum = kernel.Bias![channel];
                for (int i = Math.Max(0, Half - row); i < Math.Min(Size, rows + Half - row); i++)
                {
                    for (int j = Math.Max(0, Half - column); j < Math.Min(Size, columns + Half - column); j++)
                    {
                        sum += (double)weights[(((channel * Size) + i) * Size) + j] * x[((((row + i - Half) * columns) + column + j - Half) * channels) + channel];
                    }
                }

                mixed[(place * channels) + channel] = (float)sum;
            }
        });
        return mixed;
    }
}
