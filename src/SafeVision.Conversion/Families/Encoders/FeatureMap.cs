namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A window that slides over a feature map.</summary>
/// <param name="Height">Rows of the window.</param>
/// <param name="Width">Columns of the window.</param>
/// <param name="StrideY">Rows from one place to the next.</param>
/// <param name="StrideX">Columns from one place to the next.</param>
/// <param name="Top">Rows of zeros above the map.</param>
/// <param name="Left">Columns of zeros at its left.</param>
/// <param name="Bottom">Rows of zeros below.</param>
/// <param name="Right">Columns of zeros at its right.</param>
internal readonly record struct Window(int Height, int Width, int StrideY, int StrideX, int Top = 0, int Left = 0, int Bottom = 0, int Right = 0)
{
    /// <summary>Windows side by side.</summary>
    public static Window Tile(int height, int width) => new(height, width, height, width);

    /// <summary>Square windows around every place.</summary>
    public static Window Around(int size) => new(size, size, 1, 1, size / 2, size / 2, size / 2, size / 2);

    /// <summary>TensorFlow's SAME: as many places as fit at that stride, and an odd row or column of zeros goes to the bottom or
    /// the right (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").</summary>
    public static Window Same(MapSize map, int size, int stride)
    {
        int y = Math.Max((((map.Rows + stride - 1) / stride) - 1) * stride + size - map.Rows, 0);
        int x = Math.Max((((map.Columns + stride - 1) / stride) - 1) * stride + size - map.Columns, 0);
        return new Window(size, size, stride, stride, y / 2, x / 2, y - (y / 2), x - (x / 2));
    }
}

/// <summary>The size of a feature map, and convolutions over maps computed as a reference: [places, channels], place by place, row by row.</summary>
/// <param name="Rows">Places from top to bottom.</param>
/// <param name="Columns">Places from left to right.</param>
internal readonly record struct MapSize(int Rows, int Columns)
{
    public int Places => Rows * Columns;

    /// <summary>What is left after a convolution; what is no whole window falls away.</summary>
    public MapSize After(Window window) => new(
        Math.Max(0, Rows + window.Top + window.Bottom - window.Height + window.StrideY) / window.StrideY,
        Math.Max(0, Columns + window.Left + window.Right - window.Width + window.StrideX) / window.StrideX);

    /// <summary>The windows of a convolution one by one, [windows, channels · height · width].</summary>
    public float[] Cut(float[] x, int channels, Window window)
    {
        MapSize after = After(window);
        int size = window.Height * window.Width;
        float[] cut = new float[after.Places * channels * size];
        for (int i = 0; i < cut.Length; i++)
        {
            (int place, int rest) = Math.DivRem(i, channels * size);
            (int channel, int offset) = Math.DivRem(rest, size);
            int row = (place / after.Columns * window.StrideY) + (offset / window.Width) - window.Top;
            int column = (place % after.Columns * window.StrideX) + (offset % window.Width) - window.Left;
            cut[i] = row >= 0 && row < Rows && column >= 0 && column < Columns ? x[(((row * Columns) + column) * channels) + channel] : 0;
        }

        return cut;
    }

    /// <summary>Each channel by a kernel of its own, [channels, height · width].</summary>
    public float[] Mix(float[] x, Projection kernel, Window window)
    {
        (int rows, int columns, int channels) = (Rows, Columns, kernel.Features);
        MapSize after = After(window);
        float[] weights = kernel.Weight.ToArray(), mixed = new float[after.Places * channels];
        Parallel.For(0, after.Places, place =>
        {
            int top = (place / after.Columns * window.StrideY) - window.Top, left = (place % after.Columns * window.StrideX) - window.Left;
            for (int channel = 0; channel < channels; channel++)
            {
                double sum = kernel.Bias![channel];
                for (int i = Math.Max(0, -top); i < Math.Min(window.Height, rows - top); i++)
                {
                    for (int j = Math.Max(0, -left); j < Math.Min(window.Width, columns - left); j++)
                    {
                        sum += (double)weights[(((channel * window.Height) + i) * window.Width) + j] * x[((((top + i) * columns) + left + j) * channels) + channel];
                    }
                }

                mixed[(place * channels) + channel] = (float)sum;
            }
        });
        return mixed;
    }
}
