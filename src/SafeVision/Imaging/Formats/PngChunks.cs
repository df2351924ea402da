using System.Buffers.Binary;

namespace SafeVision.Imaging.Formats;

/// <summary>Goes from chunk to chunk of a PNG (W3C PNG, third edition, 5.3) up to IEND or a tail too short for a chunk.</summary>
internal ref struct PngChunks(ReadOnlySpan<byte> file)
{
    /// <summary>Bytes of a chunk besides its content: length, type, checksum.</summary>
    public const int Overhead = 12;

    private readonly ReadOnlySpan<byte> _file = file;
    private int _next = PngHeader.Signature.Length;

    /// <summary>Where the chunk begins, or where the walk ended.</summary>
    public int Position { get; private set; }

    public readonly ReadOnlySpan<byte> Type => _file.Slice(Position + 4, 4);

    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>The chunk from its length to its checksum.</summary>
    public readonly ReadOnlySpan<byte> Whole => _file.Slice(Position, Content.Length + Overhead);

    /// <exception cref="ImageRejectedException">A chunk is longer than the file.</exception>
    public bool MoveNext()
    {
        Position = _next;
        int left = _file.Length - Position - Overhead;
        if (left < 0)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(_file[Position..]);
        if (length > left)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Png, $"the chunk at offset {Position} declares {length} bytes; {left} are left");
        }

        Content = _file.Slice(Position + 8, (int)length);
        _next = Position + Overhead + (int)length;
        return !Type.SequenceEqual("IEND"u8);
    }
}
