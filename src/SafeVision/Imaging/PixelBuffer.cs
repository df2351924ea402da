using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SafeVision.Imaging;

/// <summary>Memory for pixels and file bytes: pooled, or the operating system's own where a pool would keep too much.</summary>
internal sealed unsafe class PixelBuffer : MemoryManager<byte>
{
    // A pool rounds up to a power of two and keeps what it gets. That suits buffers that come again and again;
    // 120 MB for one huge photo is better given back at once. There is no finaliser, since a span of the memory may outlive
    // the last reference to this.
    private const int LargestPooled = 32 << 20;

    private byte[]? _array;
    private void* _native;
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
            _native = NativeMemory.Alloc((nuint)length);
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
            NativeMemory.Free(_native);
            _native = null;
        }
    }
}

/// <summary>
/// Arrays for pixels and what is computed from them. The runtime's shared pool keeps one for each thread, so that work which
/// wanders over a thread pool goes on allocating large objects; here any thread gets what any other gave back. What is
/// kept is bounded, at most some 16 MB for each core, and larger arrays come from the shared pool, which gives them up in time.
/// </summary>
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
