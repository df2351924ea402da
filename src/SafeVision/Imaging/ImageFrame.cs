using System.Buffers;

namespace SafeVision.Imaging;

/// <summary>One frame of an animation, one page of a TIFF, or the only picture of any other image: upright sRGB pixels.</summary>
/// <remarks>Belongs to its <see cref="DecodedImage"/> and ends with it. Reading is thread-safe.</remarks>
public sealed class ImageFrame
{
    private IMemoryOwner<byte>? _owner;

    /// <summary>Creates a frame. For those who write an <see cref="IImageDecoder"/>.</summary>
    /// <param name="index">Which frame of the file this is, from 0.</param>
    /// <param name="timestamp">When an animation shows it, from its start.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="owner">Packed RGB24 rows from the top, possibly followed by more bytes. Disposed with the image.</param>
    /// <exception cref="ArgumentException">The sizes are not positive, or the memory is too short for them.</exception>
    public ImageFrame(int index, TimeSpan timestamp, int width, int height, IMemoryOwner<byte> owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (owner.Memory.Length < (long)width * height * 3)
        {
            throw new ArgumentException($"{width}x{height} RGB24 pixels need {(long)width * height * 3} bytes; there are {owner.Memory.Length}.", nameof(owner));
        }

        Index = index;
        Timestamp = timestamp;
        Width = width;
        Height = height;
        _owner = owner;
    }

    /// <summary>Which frame of the file this is, from 0.</summary>
    public int Index { get; }

    /// <summary>When an animation shows it, from its start; zero for pages and still images.</summary>
    public TimeSpan Timestamp { get; }

    /// <summary>Pixels in a row: the image's width, or less where it was decoded at a reduced scale; a TIFF page has its own.</summary>
    public int Width { get; }

    /// <summary>Rows: the image's height, or less where it was decoded at a reduced scale; a TIFF page has its own.</summary>
    public int Height { get; }

    /// <summary>Tightly packed RGB24, rows from the top. Not to be kept beyond the image: the memory goes back to a pool.</summary>
    /// <exception cref="ObjectDisposedException">The image was disposed.</exception>
    public ReadOnlySpan<byte> Pixels => Owner.Memory.Span[..(Width * Height * 3)];

    private IMemoryOwner<byte> Owner => Volatile.Read(ref _owner) ?? throw new ObjectDisposedException(nameof(DecodedImage));

    internal void Release() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
