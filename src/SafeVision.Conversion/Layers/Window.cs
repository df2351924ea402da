namespace SafeVision.Conversion.Layers;

/// <summary>A sliding window over a picture: of a convolution or of a pooling.</summary>
/// <param name="Height">Rows of the window.</param>
/// <param name="Width">Columns of the window.</param>
/// <param name="StrideY">Rows from one place to the next.</param>
/// <param name="StrideX">Columns from one place to the next.</param>
/// <param name="Top">Rows of padding above.</param>
/// <param name="Left">Columns of padding at the left.</param>
/// <param name="Bottom">Rows of padding below.</param>
/// <param name="Right">Columns of padding at the right.</param>
internal sealed record Window(int Height, int Width, int StrideY, int StrideX, int Top = 0, int Left = 0, int Bottom = 0, int Right = 0)
{
    /// <summary>
    /// TensorFlow's SAME: the result has as many places as fit at that stride, and an odd row or column of padding goes to
    /// the bottom or the right (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
    /// </summary>
    public static Window Same(Layer input, int height, int width, int strideY, int strideX)
    {
        int y = Math.Max((((input.Height + strideY - 1) / strideY) - 1) * strideY + height - input.Height, 0);
        int x = Math.Max((((input.Width + strideX - 1) / strideX) - 1) * strideX + width - input.Width, 0);
        return new Window(height, width, strideY, strideX, y / 2, x / 2, y - (y / 2), x - (x / 2));
    }

    public bool HasPadding => (Top | Left | Bottom | Right) != 0;

    /// <summary>The whole picture, so that one place is left.</summary>
    public bool Covers(Layer input) => Height == input.Height && Width == input.Width && !HasPadding;

    public int PlacesY(int height) => ((height + Top + Bottom - Height) / StrideY) + 1;

    public int PlacesX(int width) => ((width + Left + Right - Width) / StrideX) + 1;

    /// <summary>The padding as ONNX orders it.</summary>
    public int[] Pads => [Top, Left, Bottom, Right];

    public bool Fits(Layer input) => StrideY > 0 && StrideX > 0 && Height > 0 && Width > 0
        && input.Height + Top + Bottom >= Height && input.Width + Left + Right >= Width;
}
