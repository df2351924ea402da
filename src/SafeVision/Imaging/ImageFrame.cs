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

    /// <summary>How the frame is shown; <see cref="ImageRendering.Default"/> in <see cref="DecodedImage.Frames"/>.</summary>
    public ImageRendering Rendering { get; init; }

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

    /// <summary>The same pixels as another rendering; this frame no longer has them.</summary>
    internal ImageFrame MoveTo(ImageRendering rendering)
    {
        IMemoryOwner<byte> owner = Interlocked.Exchange(ref _owner, null) ?? throw new ObjectDisposedException(nameof(DecodedImage));
        return new ImageFrame(Index, Timestamp, Width, Height, owner) { Rendering = rendering };
    }

    internal void Release() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}

/// <summary>How a frame is shown. Viewers differ, and what one of them hides another shows, so a frame may be judged in several ways.</summary>
public enum ImageRendering
{
    /// <summary>On the background, with colours converted to sRGB by what the file says about them.</summary>
    Default,

    /// <summary>On a black page, where something else shows through transparency than on a white one.</summary>
    OnBlack,

    /// <summary>On a gray page.</summary>
    OnGray,

    /// <summary>Without transparency, as viewers show it that ignore the alpha of a BMP or TIFF.</summary>
    AlphaIgnored,

    /// <summary>With colours as they are stored, as viewers without colour management show them.</summary>
    ColorsAsStored,
}
