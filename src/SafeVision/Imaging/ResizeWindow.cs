namespace SafeVision.Imaging;

/// <summary>
/// The part of the resized picture that is wanted, in target pixels. Pixels outside it are neither computed nor
/// allocated; those inside are the same, bit for bit, as in the whole resized picture.
/// </summary>
/// <param name="X">The first column, at least 0.</param>
/// <param name="Y">The first row, at least 0.</param>
/// <param name="Width">The number of columns, at least 1.</param>
/// <param name="Height">The number of rows, at least 1.</param>
public readonly record struct ResizeWindow(int X, int Y, int Width, int Height);
