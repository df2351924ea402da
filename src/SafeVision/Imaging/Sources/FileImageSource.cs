using SafeVision.Files;

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
