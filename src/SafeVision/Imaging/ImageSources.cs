namespace SafeVision.Imaging;

internal sealed class BytesImageSource(ReadOnlyMemory<byte> bytes, string name) : ImageSource(name)
{
    public override ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return bytes.Length > maxBytes
            ? throw BoundedReader.TooLong(Name, bytes.Length, maxBytes)
            : new ValueTask<ImageBytes>(new ImageBytes(bytes));
    }
}

internal sealed class FileImageSource(string path) : ImageSource(Path.GetFileName(path) is { Length: > 0 } name ? name : path)
{
    internal override string Origin => path;

    public override async ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FileStream stream = Open(maxBytes);
        await using (stream.ConfigureAwait(false))
        {
            return await BoundedReader.ReadAsync(stream, Name, maxBytes, cancellationToken).ConfigureAwait(false);
        }
    }

    private FileStream Open(long maxBytes)
    {
        try
        {
            return RegularFile.Open(path, maxBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (FileRefusedException error)
        {
            ImageRejectionReason reason = error.Reason switch
            {
                FileRefusalReason.Missing or FileRefusalReason.Unreadable => ImageRejectionReason.Unreadable,
                FileRefusalReason.TooLarge => ImageRejectionReason.TooLarge,
                _ => ImageRejectionReason.Unsupported,
            };
            string hint = reason == ImageRejectionReason.TooLarge ? " (ImageLimits.MaxBytes)" : "";
            throw new ImageRejectedException(reason, $"{error.Message}{hint}", error);
        }
    }
}

internal sealed class StreamImageSource(Stream stream, bool leaveOpen, string name) : ImageSource(name)
{
    private readonly long _start = stream.CanSeek ? stream.Position : -1;
    private int _read;

    public override async ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _read, 1) != 0)
        {
            if (_start < 0 || !leaveOpen)
            {
                throw new InvalidOperationException($"The stream of '{Name}' has been read already. Keep its bytes and use ImageSource.FromBytes to read an image twice.");
            }

            stream.Position = _start;
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await BoundedReader.ReadAsync(stream, Name, maxBytes, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (!leaveOpen)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}

internal sealed class PixelImageSource(ImagePixels pixels) : ImageSource("pixels")
{
    public override ImagePixels? Pixels => pixels;

    public override ValueTask<ImageBytes> ReadAsync(long maxBytes, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("This source holds decoded pixels: use ImageSource.Pixels, there are no encoded bytes to read.");
}

/// <summary>Reads a stream to its end into pooled memory, and gives up one byte past the limit.</summary>
internal static class BoundedReader
{
    private const int FirstBuffer = 64 << 10;

    public static async ValueTask<ImageBytes> ReadAsync(Stream stream, string name, long maxBytes, CancellationToken cancellationToken)
    {
        PixelBuffer? buffer = null;
        int length = 0;
        try
        {
            long expected = stream.CanSeek ? Math.Max(stream.Length - stream.Position, 0) : -1;
            if (expected > maxBytes)
            {
                throw TooLong(name, expected, maxBytes);
            }

            // One byte more than expected lets the read that finds the end find it without growing.
            long most = Math.Min(maxBytes + 1, Array.MaxLength);
            buffer = PixelBuffer.Rent((int)Math.Min(expected >= 0 ? expected + 1 : FirstBuffer, most));
            while (true)
            {
                if (length == buffer.Length)
                {
                    buffer = Grow(buffer, (int)Math.Min(buffer.Length * 2L, most));
                }

                int read = await stream.ReadAsync(buffer.Memory[length..], cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return new ImageBytes(buffer.Memory[..length], buffer);
                }

                length += read;
                if (length > maxBytes)
                {
                    throw TooLong(name, length, maxBytes);
                }
            }
        }
        catch (Exception error)
        {
            ((IDisposable?)buffer)?.Dispose();
            if (error is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
            {
                throw new ImageRejectedException(ImageRejectionReason.Unreadable, $"'{name}' could not be read past byte {length}: {error.Message}", error);
            }

            throw;
        }
    }

    public static ImageRejectedException TooLong(string name, long length, long maxBytes) =>
        new(ImageRejectionReason.TooLarge, $"'{name}' has {length} bytes or more; the limit is {maxBytes} (ImageLimits.MaxBytes).");

    private static PixelBuffer Grow(PixelBuffer buffer, int length)
    {
        PixelBuffer larger = PixelBuffer.Rent(length);
        buffer.Span.CopyTo(larger.Span);
        ((IDisposable)buffer).Dispose();
        return larger;
    }
}

/// <summary>The bytes of an encoded image, usually in a pooled buffer that <see cref="Dispose"/> gives back.</summary>
public readonly record struct ImageBytes : IDisposable
{
    private readonly IDisposable? _owner;

    /// <summary>Bytes that <see cref="Dispose"/> gives back.</summary>
    /// <param name="memory">The bytes.</param>
    /// <param name="owner">What to dispose with them; null where the caller of SafeVision owns the bytes.</param>
    public ImageBytes(ReadOnlyMemory<byte> memory, IDisposable? owner = null) => (Memory, _owner) = (memory, owner);

    /// <summary>The bytes; not to be touched after <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>Gives the buffer back. More than once does no harm.</summary>
    public void Dispose() => _owner?.Dispose();
}
