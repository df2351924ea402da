namespace SafeVision.Imaging;

/// <summary>Decoded pixels lent by a caller. Nothing is copied.</summary>
public sealed class ImagePixels
{
    /// <summary>Describes pixels in memory.</summary>
    /// <param name="memory">Rows from the top, each of <paramref name="stride"/> bytes; the last may end with its pixels.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="format">Order and meaning of a pixel's bytes.</param>
    /// <param name="stride">Bytes from one row to the next; null when rows are packed.</param>
    /// <exception cref="ArgumentException">The sizes are not positive, or <paramref name="memory"/> is too short for them.</exception>
    public ImagePixels(ReadOnlyMemory<byte> memory, int width, int height, PixelFormat format, int? stride = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        BytesPerPixel = format switch
        {
            PixelFormat.Gray8 => 1,
            PixelFormat.Rgb24 => 3,
            PixelFormat.Rgba32 or PixelFormat.Bgra32 => 4,
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "No such pixel format."),
        };

        long row = (long)width * BytesPerPixel;
        long step = stride ?? row;
        if (step < row || step > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(stride), step, $"A row of {width} {format} pixels has {row} bytes.");
        }

        long needed = (step * (height - 1)) + row;
        if (memory.Length < needed)
        {
            throw new ArgumentException(
                $"{width}x{height} {format} pixels with a stride of {step} need {needed} bytes; there are {memory.Length}.", nameof(memory));
        }

        Memory = memory;
        Width = width;
        Height = height;
        Format = format;
        Stride = (int)step;
    }

    /// <summary>The bytes, rows from the top.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Order and meaning of a pixel's bytes.</summary>
    public PixelFormat Format { get; }

    /// <summary>Bytes from the start of one row to the start of the next.</summary>
    public int Stride { get; }

    internal int BytesPerPixel { get; }

    internal ReadOnlySpan<byte> Row(int y) => Memory.Span.Slice(y * Stride, Width * BytesPerPixel);
}

/// <summary>Order and meaning of the bytes of one pixel. Color is sRGB, 8 bits a channel; alpha is straight, not premultiplied.</summary>
public enum PixelFormat
{
    /// <summary>One byte: luminance.</summary>
    Gray8,

    /// <summary>Three bytes: red, green, blue.</summary>
    Rgb24,

    /// <summary>Four bytes: red, green, blue, alpha.</summary>
    Rgba32,

    /// <summary>Four bytes: blue, green, red, alpha.</summary>
    Bgra32,
}
