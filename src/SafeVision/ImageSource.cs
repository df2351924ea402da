namespace SafeVision;

/// <summary>Where an image comes from: a file, bytes, a stream, or pixels that are already decoded. There is no overload for a URL:
/// SafeVision opens no connection.</summary>
/// <remarks>Creating a source reads nothing and checks only its arguments; the image is read, within limits, when it is decoded.
/// Sources are immutable and thread-safe, except that one made from a stream which cannot seek can be read once.</remarks>
public abstract class ImageSource
{
    private protected ImageSource(string name) => Name = name;

    /// <summary>What reports and messages call this image: the file's name, the name given, or "bytes", "stream", "pixels".</summary>
    public string Name { get; }

    /// <summary>What the log calls it: the whole path of a file. Not for those whose images are judged.</summary>
    internal virtual string Origin => Name;

    /// <summary>The pixels of a source made by <see cref="FromPixels"/>; null for every other.</summary>
    public virtual ImagePixels? Pixels => null;

    /// <summary>An image in a file. The path's name plays no part in deciding what the file holds.</summary>
    /// <param name="path">Path of a regular file. Directories, pipes and devices are refused when read.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    public static ImageSource FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new FileImageSource(path);
    }

    /// <summary>An encoded image in memory. The bytes are not copied and must not change until it has been decoded.</summary>
    /// <param name="bytes">A whole PNG, JPEG, WebP, GIF, BMP or TIFF file.</param>
    /// <param name="name">What reports call it; null for "bytes".</param>
    public static ImageSource FromBytes(ReadOnlyMemory<byte> bytes, string? name = null) =>
        new BytesImageSource(bytes, name ?? "bytes");

    /// <summary>An encoded image in a stream, read from its present position to its end.</summary>
    /// <param name="stream">A readable stream. One that cannot seek can be decoded once.</param>
    /// <param name="leaveOpen">False (the default) to close the stream once it has been read.</param>
    /// <param name="name">What reports call it; null for "stream".</param>
    /// <exception cref="ArgumentException"><paramref name="stream"/> cannot be read.</exception>
    public static ImageSource FromStream(Stream stream, bool leaveOpen = false, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.CanRead
            ? new StreamImageSource(stream, leaveOpen, name ?? "stream")
            : throw new ArgumentException("The stream cannot be read: it is closed or was opened for writing.", nameof(stream));
    }

    /// <summary>Pixels that are already decoded and upright. They are not copied and must not change until they have been read.</summary>
    /// <param name="pixels">Rows from the top, each of <paramref name="stride"/> bytes; the last may end with its pixels.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="format">Order and meaning of a pixel's bytes.</param>
    /// <param name="stride">Bytes from one row to the next; null when rows are packed.</param>
    /// <exception cref="ArgumentException">The sizes are not positive, or <paramref name="pixels"/> is too short for them.</exception>
    public static ImageSource FromPixels(
        ReadOnlyMemory<byte> pixels, int width, int height, PixelFormat format, int? stride = null) =>
        new PixelImageSource(new ImagePixels(pixels, width, height, format, stride));

    /// <summary>Reads the encoded image, at most <paramref name="maxBytes"/> of it. For those who write an <see cref="IImageDecoder"/>.</summary>
    /// <param name="maxBytes">The most bytes an image may have. A longer one is refused without being read further.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>The bytes, valid until disposed.</returns>
    /// <exception cref="ImageRejectedException">The file or stream cannot be read, is empty, or is longer than
    /// <paramref name="maxBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">The source holds <see cref="Pixels"/>, or is a stream that has been read already.</exception>
    public abstract ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default);

    /// <summary><see cref="Name"/>.</summary>
    public override string ToString() => Name;
}
