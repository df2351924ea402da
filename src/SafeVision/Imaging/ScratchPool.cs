using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace SafeVision.Imaging;

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
