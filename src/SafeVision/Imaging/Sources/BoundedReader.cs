namespace SafeVision.Imaging.Sources;

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
