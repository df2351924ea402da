using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>What a decoder's graph takes and gives, read from the session itself; files only name the tensors.</summary>
/// <param name="Session">The loaded graph.</param>
/// <param name="Names">Its tensors by its own names.</param>
/// <param name="SharesCache">Whether it appends to a key/value buffer in place (GroupQueryAttention) instead of returning a longer one.</param>
internal sealed record DecoderGraph(ModelSession Session, DecoderNames Names, bool SharesCache)
{
    /// <summary>The shape of <see cref="DecoderNames.KeepLogits"/>: [], or [1] in some exports.</summary>
    public long[] KeepLogitsShape => Names.KeepLogits is { } keep && Session.Session.InputMetadata[keep].Dimensions.Length == 1 ? [1] : [];

    public int Heads => Dimension(Names.Past[0], 1);

    public int HeadSize => Dimension(Names.Past[0], 3);

    public int Width => Dimension(Names.Embeddings, 2);

    /// <summary>Tokens in the vocabulary, padding included.</summary>
    public int Vocabulary => Session.Session.OutputMetadata[Names.Logits].Dimensions is [.., > 0 and int size]
        ? size
        : throw new ModelLoadException($"{Session.ModelName}: the last dimension of '{Names.Logits}' must be fixed.");

    public TensorElementType EmbeddingType => Session.Session.InputMetadata[Names.Embeddings].ElementDataType;

    public TensorElementType CacheType => Session.Session.InputMetadata[Names.Past[0]].ElementDataType;

    public TensorElementType LogitsType => Session.Session.OutputMetadata[Names.Logits].ElementDataType;

    public long BytesPerToken => (long)Names.Past.Count * Heads * HeadSize * TensorElements.SizeOf(CacheType);

    /// <summary>What layers with a memory of fixed size hold for one sequence.</summary>
    public IReadOnlyList<RecurrentTensor> States { get; } = [.. Names.States.Select(state => RecurrentTensor.Read(Session, state.Past, state.Present))];

    /// <summary>Whether the tokens of an image see each other both ways, so that they must all be computed in one run.</summary>
    public bool SeesWholeImages => Names.VisibleUntil is not null;

    /// <summary>Whether the three rows of multimodal positions are the last dimension instead of the first.</summary>
    public bool PositionsLast => Names.Positions is not null && Session.Session.InputMetadata[Names.Positions].Dimensions is [not 3, _, 3];

    public int PositionRows => Names.Positions is not null && Session.Session.InputMetadata[Names.Positions].Dimensions.Length == 3 ? 3 : 1;

    private int Dimension(string input, int axis) => Session.Session.InputMetadata[input].Dimensions is { } shape && shape.Length > axis && shape[axis] > 0
        ? shape[axis]
        : throw new ModelLoadException($"{Session.ModelName}: dimension {axis} of '{input}' must be fixed, but is not.");
}

/// <summary>Zeroed memory outside the garbage collector's heap, aligned to 64 bytes, of any size. The operating system
/// commits its pages only as they are touched, so room for a long text costs nothing while texts are short. Not
/// thread-safe.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint Alignment = 64;
    private const long Large = 1 << 20;

    // Once a block of up to 32 MiB was freed, glibc takes others of that size from its heap and zeroes them, which touches every page.
    // Larger ones always come fresh from the system (mallopt(3), M_MMAP_THRESHOLD).
    private const nuint FreshOnLinux = (32 << 20) + 4096;

    private void* _block;
    private byte* _start;

    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        nuint room = checked((nuint)bytes + Alignment);
        if (OperatingSystem.IsLinux() && bytes >= Large)
        {
            room = Math.Max(room, FreshOnLinux);
        }

        _block = NativeMemory.AllocZeroed(room); // aligned allocation would have to zero, and so touch, every page
        _start = (byte*)(((nuint)_block + (Alignment - 1)) & ~(Alignment - 1));
    }

    public long Bytes { get; }

    /// <summary>A buffer of at least a size: the one that is there, or a new one in its place. What it holds is lost.</summary>
    public static NativeBuffer Grow([NotNull] ref NativeBuffer? buffer, long bytes)
    {
        if (buffer is null || buffer.Bytes < bytes)
        {
            buffer?.Dispose();
            buffer = new NativeBuffer(bytes);
        }

        return buffer;
    }

    /// <summary>A part of the memory; valid until the buffer is disposed.</summary>
    public Span<T> Span<T>(long offset, int count)
        where T : unmanaged
    {
        Require(offset, checked((long)count * sizeof(T)));
        return new Span<T>(_start + offset, count);
    }

    /// <summary>Moves bytes within the buffer; the ranges may overlap.</summary>
    public void Move(long from, long to, long bytes) => Copy(this, from, this, to, bytes);

    /// <summary>Copies bytes from one buffer to another.</summary>
    public static void Copy(NativeBuffer source, long from, NativeBuffer target, long to, long bytes)
    {
        source.Require(from, bytes);
        target.Require(to, bytes);
        Buffer.MemoryCopy(source._start + from, target._start + to, bytes, bytes);
    }

    /// <summary>A tensor over a part of the memory, to be disposed before the buffer.</summary>
    public OrtValue Tensor(TensorElementType type, long[] shape, long offset = 0)
    {
        long bytes = TensorElements.SizeOf(type);
        foreach (long size in shape)
        {
            bytes = checked(bytes * size);
        }

        Require(offset, bytes);
        return OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, (nint)(_start + offset), bytes);
    }

    private void Require(long offset, long bytes)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        if (offset < 0 || bytes < 0 || offset > Bytes - bytes)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"{bytes} bytes from {offset} on are not within {Bytes}.");
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    ~NativeBuffer() => Free();

    private void Free()
    {
        NativeMemory.Free(_block);
        _block = null;
        _start = null;
    }
}

/// <summary>The element types that vision-language graphs use for numbers: 32-bit and 16-bit floats.</summary>
internal static class TensorElements
{
    public static int SizeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float or TensorElementType.Int32 => 4,
        TensorElementType.Float16 => 2,
        TensorElementType.Int64 => 8,
        TensorElementType.Bool => 1,
        _ => throw new ModelLoadException($"Tensors of {type} are not supported; 32-bit and 16-bit floats are."),
    };

    /// <summary>Writes floats into memory that holds elements of <paramref name="type"/>.</summary>
    public static void Write(ReadOnlySpan<float> values, NativeBuffer target, TensorElementType type, long firstElement)
    {
        if (type == TensorElementType.Float)
        {
            values.CopyTo(target.Span<float>(firstElement * sizeof(float), values.Length));
        }
        else
        {
            TensorPrimitives.ConvertToHalf(values, target.Span<Half>(firstElement * 2, values.Length));
        }
    }

    /// <summary>Reads floats from memory that holds elements of <paramref name="type"/>.</summary>
    public static void Read(ReadOnlySpan<byte> source, TensorElementType type, Span<float> values)
    {
        if (type == TensorElementType.Float)
        {
            MemoryMarshal.Cast<byte, float>(source)[..values.Length].CopyTo(values);
        }
        else
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source)[..values.Length], values);
        }
    }
}
