using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>A file mapped into memory for reading: a checkpoint larger than memory can be converted.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    // What was read stays in the process's working set while it is mapped; letting go more often costs time.
    private const long ReleasedAtOnce = 64 << 20;

    private readonly MemoryMappedFile? _file;
    private MemoryMappedViewAccessor? _view;
    private byte* _start;
    private long _read;

    public MappedFile(string path)
    {
        Path = path;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Length = stream.Length;
            if (Length == 0)
            {
                return; // an empty file can't be mapped
            }

            _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            Map(_file);
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

    /// <summary>
    /// Says that a part was read to its end. When enough was, the file is mapped anew, which gives back the memory; parts
    /// stay valid, but no span of one may be in use meanwhile. Memory that is no part of a mapped file is left alone.
    /// </summary>
    public static void Release(ReadOnlyMemory<byte> part)
    {
        if (MemoryMarshal.TryGetMemoryManager(part, out Part? manager))
        {
            manager.File.Release(part.Length);
        }
    }

    public void Dispose()
    {
        Unmap();
        _file?.Dispose();
    }

    private void Release(int length)
    {
        _read += length;
        if (_read >= ReleasedAtOnce && _start != null)
        {
            _read = 0;
            Unmap();
            Map(_file!);
        }
    }

    private void Map(MemoryMappedFile file)
    {
        _view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
    }

    private void Unmap()
    {
        if (_start != null)
        {
            _start = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
    }

    private sealed class Part(MappedFile file, long offset, int length) : MemoryManager<byte>
    {
        public MappedFile File => file;

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
