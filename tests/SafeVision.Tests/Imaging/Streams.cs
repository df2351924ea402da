namespace SafeVision.Tests.Imaging;

/// <summary>A stream that cannot seek and does not know its length.</summary>
internal abstract class OneWay : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>Gives a few bytes at a time, as a network does.</summary>
internal sealed class Drip(byte[] bytes) : OneWay
{
    private int _given;

    public override int Read(byte[] buffer, int offset, int count)
    {
        int step = Math.Min(Math.Min(count, 777), bytes.Length - _given);
        bytes.AsSpan(_given, step).CopyTo(buffer.AsSpan(offset));
        _given += step;
        return step;
    }
}

/// <summary>Never ends, and counts what it gave.</summary>
internal sealed class Endless : OneWay
{
    public long Given { get; private set; }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Given += count;
        return count;
    }
}

/// <summary>Fails after some bytes, as a connection that breaks.</summary>
internal sealed class Failing(byte[] bytes, int good) : OneWay
{
    private int _given;

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_given == good)
        {
            throw new IOException("The connection broke.");
        }

        int step = Math.Min(count, good - _given);
        bytes.AsSpan(_given, step).CopyTo(buffer.AsSpan(offset));
        _given += step;
        return step;
    }
}
