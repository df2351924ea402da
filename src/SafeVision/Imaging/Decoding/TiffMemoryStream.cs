using BitMiracle.LibTiff.Classic;

namespace SafeVision.Imaging.Decoding;

/// <summary>Lends a file's bytes to LibTiff.NET.</summary>
internal sealed class TiffMemoryStream(ReadOnlyMemory<byte> file) : TiffStream
{
    private long _position;

    public override int Read(object clientData, byte[] buffer, int offset, int count)
    {
        int available = (int)Math.Clamp(file.Length - _position, 0, count);
        file.Span.Slice((int)Math.Min(_position, file.Length), available).CopyTo(buffer.AsSpan(offset));
        _position += available;
        return available;
    }

    public override long Seek(object clientData, long offset, SeekOrigin origin)
    {
        long position = offset + origin switch
        {
            SeekOrigin.Current => _position,
            SeekOrigin.End => file.Length,
            _ => 0,
        };
        return position < 0 ? -1 : _position = position;
    }

    public override long Size(object clientData) => file.Length;

    public override void Write(object clientData, byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Close(object clientData)
    {
        // The bytes belong to the source.
    }
}
