namespace SafeVision.Imaging;

/// <summary>Memory for pixels and file bytes: pooled arrays, or the operating system's own where a pool would keep too much.</summary>
internal sealed unsafe class PixelBuffer : MemoryManager<byte>
{
    // Small ones come again and again and are pooled arrays. There is no finaliser, since a span of the memory may outlive the
    // last reference to this.
    private const int LargestPooled = 4 << 20;

    private byte[]? _array;
    private void* _native;
    private readonly int _room;
    private int _disposed;

    private PixelBuffer(int length)
    {
        Length = length;
        if (length <= LargestPooled)
        {
            _array = ScratchPool<byte>.Rent(length);
        }
        else
        {
            _native = LargeMemory.Rent(length, out _room);
        }
    }

    public int Length { get; }

    public Span<byte> Span => GetSpan();

    public static PixelBuffer Rent(int length) => new(length);

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        return _array is { } array ? array.AsSpan(0, Length) : new Span<byte>(_native, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Length, nameof(elementIndex));
        if (_array is null)
        {
            return new MemoryHandle((byte*)_native + elementIndex);
        }

        var handle = GCHandle.Alloc(_array, GCHandleType.Pinned);
        return new MemoryHandle((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_array)) + elementIndex, handle);
    }

    public override void Unpin()
    {
        // The handle that Pin returned holds the pin; native memory does not move.
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_array is { } array)
        {
            _array = null;
            ScratchPool<byte>.Return(array);
        }
        else
        {
            LargeMemory.Return(_native, _room);
            _native = null;
        }
    }
}

/// <summary>Arrays for pixels and what is computed from them. The runtime's shared pool keeps one for each thread, so that work
/// which wanders over a thread pool goes on allocating large objects; here any thread gets what any other gave back. What is kept
/// is bounded, at most some 16 MB for each core, and larger arrays come from the shared pool, which gives them up in
/// time.</summary>
internal static class ScratchPool<T>
    where T : unmanaged
{
    private static readonly int s_mostKept = (int)BitOperations.RoundUpToPowerOf2((4u << 20) / (uint)Unsafe.SizeOf<T>());
    private static readonly ArrayPool<T> s_kept = ArrayPool<T>.Create(s_mostKept, 2 * Environment.ProcessorCount);

    /// <summary>An array of at least this length, with anything in it.</summary>
    public static T[] Rent(int length) => PoolOf(length).Rent(length);

    /// <summary>Gives back what <see cref="Rent"/> gave.</summary>
    public static void Return(T[] array) => PoolOf(array.Length).Return(array);

    private static ArrayPool<T> PoolOf(int length) => length <= s_mostKept ? s_kept : ArrayPool<T>.Shared;
}

/// <summary>An array of <see cref="ScratchPool{T}"/>, with anything in it, that goes back when this is disposed.</summary>
internal readonly struct Scratch<T>(int length) : IDisposable
    where T : unmanaged
{
    private readonly T[] _array = ScratchPool<T>.Rent(length);

    public Span<T> Span => _array.AsSpan(0, length);

    public void Dispose() => ScratchPool<T>.Return(_array);
}

/// <summary>Large memory of the operating system, of which a little is kept for the next image: touching new pages takes a good
/// part of the time that decoding does, and a pool of arrays this large would grow with every kind of image it meets.</summary>
internal static unsafe class LargeMemory
{
    private const int LargestKept = 16 << 20;
    private const int MostKept = 32 << 20;

    private static readonly Lock s_lock = new();
    private static readonly List<(nint Start, int Room)> s_kept = []; // the oldest first
    private static int s_bytes;

    /// <summary>Memory of at least this length, with anything in it.</summary>
    public static void* Rent(int length, out int room)
    {
        lock (s_lock)
        {
            for (int i = s_kept.Count - 1; i >= 0; i--)
            {
                (nint start, room) = s_kept[i];
                if (room >= length && room / 2 <= length)
                {
                    s_kept.RemoveAt(i);
                    s_bytes -= room;
                    return (void*)start;
                }
            }
        }

        room = length;
        return NativeMemory.Alloc((nuint)length);
    }

    /// <summary>Gives back what <see cref="Rent"/> gave.</summary>
    public static void Return(void* memory, int room)
    {
        if (room > LargestKept)
        {
            NativeMemory.Free(memory);
            return;
        }

        lock (s_lock)
        {
            for (; s_bytes + room > MostKept; s_kept.RemoveAt(0))
            {
                s_bytes -= s_kept[0].Room;
                NativeMemory.Free((void*)s_kept[0].Start);
            }

            s_kept.Add(((nint)memory, room));
            s_bytes += room;
        }
    }
}
