namespace SafeVision.Imaging.Sources;

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
