using System.IO.MemoryMappedFiles;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>A file mapped into memory for reading, so that a checkpoint larger than memory can be converted. What is large is
/// better copied from it (<see cref="Copy"/>): each page that is touched where it is mapped costs a fault and stays in the working
/// set.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;

    public MappedFile(string path)
    {
        Path = path;
        _stream = CheckpointFile.Open(path);
        try
        {
            Length = RandomAccess.GetLength(_stream.SafeFileHandle);
            _file = MemoryMappedFile.CreateFromFile(_stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += _view.PointerOffset;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new CheckpointException($"{path}: can't be read. {exception.Message}", exception);
        }
    }

    public string Path { get; }
    public long Length { get; }

    /// <summary>A part of the file; it must lie inside. Valid until this is disposed.</summary>
    public ReadOnlyMemory<byte> Slice(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Length);
        return length == 0 ? ReadOnlyMemory<byte>.Empty : new Part(this, offset, length).Memory;
    }

    /// <summary>Copies bytes of a part, or of any other memory. Thread-safe.</summary>
    /// <param name="part">Where they are.</param>
    /// <param name="offset">The place of the first.</param>
    /// <param name="destination">Takes as many as fit, which must be there.</param>
    /// <exception cref="CheckpointException">The file can't be read, or has become shorter.</exception>
    public static void Copy(ReadOnlyMemory<byte> part, int offset, Span<byte> destination)
    {
        if (MemoryMarshal.TryGetMemoryManager(part, out Part? manager, out int start, out int length))
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((long)offset + destination.Length, length);
            manager.File.Read(manager.Offset + start + offset, destination);
        }
        else
        {
            part.Span.Slice(offset, destination.Length).CopyTo(destination);
        }
    }

    public void Dispose()
    {
        if (_start != null)
        {
            _start = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _file?.Dispose();
        _stream.Dispose();
    }

    private void Read(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        try
        {
            while (!destination.IsEmpty)
            {
                int count = RandomAccess.Read(_stream.SafeFileHandle, destination, offset);
                if (count == 0)
                {
                    throw new CheckpointException($"{Path}: has become shorter while it was read; copy the file again.");
                }

                offset += count;
                destination = destination[count..];
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{Path}: can't be read. {exception.Message}", exception);
        }
    }

    private sealed class Part(MappedFile file, long offset, int length) : MemoryManager<byte>
    {
        public MappedFile File => file;

        public long Offset => offset;

        public override Span<byte> GetSpan()
        {
            ObjectDisposedException.ThrowIf(file._start == null, file);
            return new Span<byte>(file._start + offset, length);
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ObjectDisposedException.ThrowIf(file._start == null, file);
            return new MemoryHandle(file._start + offset + elementIndex);
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
