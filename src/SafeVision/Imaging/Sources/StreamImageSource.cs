namespace SafeVision.Imaging.Sources;

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
