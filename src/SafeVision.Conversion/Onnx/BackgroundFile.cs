using System.Collections.Concurrent;

namespace SafeVision.Conversion.Onnx;

/// <summary>A new file that another thread writes and hashes, while the one that makes its content goes on. What fails there is
/// thrown by the next write, or at the end.</summary>
internal sealed class BackgroundFile : ForwardStream
{
    private const int BufferSize = 4 << 20;
    private const int MostBuffers = 4;

    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly BlockingCollection<ArraySegment<byte>> _full = new(MostBuffers);
    private readonly ConcurrentBag<byte[]> _empty = [];
    private readonly Thread _writer;
    private byte[] _buffer = new byte[BufferSize];
    private int _used;
    private volatile Exception? _failure;

    public BackgroundFile(string path)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        _writer = new Thread(WriteAll) { IsBackground = true, Name = $"writes {Path.GetFileName(path)}" };
        _writer.Start();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Written += buffer.Length;
        while (!buffer.IsEmpty)
        {
            int count = Math.Min(buffer.Length, BufferSize - _used);
            buffer[..count].CopyTo(_buffer.AsSpan(_used));
            buffer = buffer[count..];
            _used += count;
            if (_used == BufferSize)
            {
                Hand();
            }
        }
    }

    /// <summary>Writes what is left, waits until it is on the disk, and returns the hash of all, in lower-case hex.</summary>
    public string Finish()
    {
        Hand();
        End();
        ThrowFailure();
        _file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            End();
            _full.Dispose();
            _hash.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Hand()
    {
        ThrowFailure();
        _full.Add(new ArraySegment<byte>(_buffer, 0, _used));
        _buffer = _empty.TryTake(out byte[]? buffer) ? buffer : new byte[BufferSize];
        _used = 0;
    }

    private void End()
    {
        _full.CompleteAdding();
        _writer.Join();
    }

    private void WriteAll()
    {
        foreach (ArraySegment<byte> part in _full.GetConsumingEnumerable())
        {
            try
            {
                if (_failure is null)
                {
                    _file.Write(part);
                    _hash.AppendData(part);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _failure = exception; // and go on taking, so that nobody waits for room
            }

            _empty.Add(part.Array!);
        }
    }

    private void ThrowFailure()
    {
        if (_failure is { } failure)
        {
            throw new IOException(failure.Message, failure);
        }
    }
}
