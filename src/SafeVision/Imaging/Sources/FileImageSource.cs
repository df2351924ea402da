namespace SafeVision.Imaging.Sources;

internal sealed class FileImageSource(string path) : ImageSource(Path.GetFileName(path) is { Length: > 0 } name ? name : path)
{
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
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                throw Unreadable(Directory.Exists(path) ? "it is a directory" : "there is no such file");
            }

            // Opening a pipe waits for its writer, for ever if need be, so what has no length is never opened.
            // Pipes, sockets and devices report none.
            if (file.Length == 0)
            {
                throw new ImageRejectedException(ImageRejectionReason.Unsupported, $"'{Name}' holds no bytes: it is empty, or a pipe or device, which are not read.");
            }

            if (file.Length > maxBytes)
            {
                throw BoundedReader.TooLong(Name, file.Length, maxBytes);
            }

            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
            if (stream.CanSeek)
            {
                return stream;
            }

            stream.Dispose();
            throw Unreadable("it is not a regular file");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw Unreadable(error.Message, error);
        }
    }

    private ImageRejectedException Unreadable(string why, Exception? error = null) =>
        new(ImageRejectionReason.Unreadable, $"'{Name}' cannot be read: {why.TrimEnd('.')}.", error);
}
