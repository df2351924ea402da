namespace SafeVision.Inference;

/// <summary>Reads the fields of a protobuf message from a file, in order, without holding the file: blocks that nobody
/// wants are skipped, however long. Nothing that the bytes say is believed before it was checked against the file's
/// length. Source: https://protobuf.dev/programming-guides/encoding/.</summary>
internal sealed class ProtobufReader(Stream stream, string path)
{
    private const int LongestText = 4096;

    // Models of the largest size have about 100 distinct operators, 400 inputs and a handful of files.
    private const int MostOfAKind = 16384;

    // Real files have some hundred thousand; this ends a file of nothing but tiny fields within a second.
    private const int MostFields = 20_000_000;

    private readonly byte[] _buffer = new byte[16 << 10];
    private readonly long _length = stream.Length;
    private long _bufferStart;
    private int _buffered;
    private int _fields;
    private ProtobufWire _wire; // of the field that was met last, and where the message that holds it ends
    private long _end;
    private bool _isUnread;

    public long Length => _length;

    public long Position { get; set; } // the byte that is read next; setting it goes there

    /// <summary>Whether the field that was met last holds a block.</summary>
    public bool IsBlock => _wire == ProtobufWire.Block;

    /// <summary>The numbers of a message's fields up to its end. Each value is read before the next number is asked for, or passed over.</summary>
    public IEnumerable<int> Fields(long end)
    {
        while (HasNext(end))
        {
            if (++_fields > MostFields)
            {
                throw Damaged($"it has more than {MostFields} fields");
            }

            ulong tag = Varint(end);
            (_wire, _end, _isUnread) = ((ProtobufWire)(tag & 7), end, true);
            yield return tag >> 3 is > 0 and <= 0x1FFF_FFFF ? (int)(tag >> 3) : throw Damaged($"a field has the number {tag >> 3}");
        }
    }

    private bool HasNext(long end)
    {
        if (_isUnread)
        {
            Skip();
        }

        return Position < end || (Position == end ? false : throw Damaged("a field runs past the block that holds it"));
    }

    /// <summary>A number in the base-128 form.</summary>
    public ulong Varint(long end)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte part = Byte(end);
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Damaged("a number has more than ten bytes");
    }

    /// <summary>A number field's value.</summary>
    public long Number()
    {
        _isUnread = false;
        return _wire == ProtobufWire.Varint ? (long)Varint(_end) : throw Damaged("a number is stored as something else");
    }

    /// <summary>Enters a block and returns where it ends.</summary>
    public long Block()
    {
        _isUnread = false;
        ulong length = IsBlock ? Varint(_end) : throw Damaged("a block is stored as something else");
        return length <= (ulong)(_end - Position)
            ? Position + (long)length
            : throw Damaged($"a block of {length} bytes is announced where {_end - Position} are left");
    }

    /// <summary>A text of at most 4096 bytes on one line, so that it may stand in a message.</summary>
    public string Text()
    {
        long textEnd = Block();
        if (textEnd - Position > LongestText)
        {
            throw Damaged($"a name has {textEnd - Position} bytes, more than {LongestText}");
        }

        int length = (int)(textEnd - Position);
        Span<byte> bytes = stackalloc byte[LongestText];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = Byte(textEnd) is var part && part is >= 0x20 and not 0x7F ? part : throw Damaged("a name holds a control character");
        }

        return Encoding.UTF8.GetString(bytes[..length]);
    }

    private void Skip()
    {
        _isUnread = false;
        Position = _wire switch
        {
            ProtobufWire.Block => Block(),
            ProtobufWire.Fixed64 => Advance(8),
            ProtobufWire.Fixed32 => Advance(4),
            ProtobufWire.Varint => PassNumber(),
            _ => throw Damaged($"wire type {(int)_wire} is not used by ONNX"),
        };

        long Advance(int count) => count <= _end - Position ? Position + count : throw Damaged("a number is cut short");

        long PassNumber()
        {
            Varint(_end);
            return Position;
        }
    }

    /// <summary>Ends a file that would make a list grow without end.</summary>
    public void Bound(int count, string what)
    {
        if (count >= MostOfAKind)
        {
            throw Damaged($"it has more than {MostOfAKind} {what}");
        }
    }

    public ModelLoadException Damaged(string what) => new(
        $"{path}: is not an ONNX model, or is damaged or cut short ({what}, at byte {Position} of {_length}). Download or export it again.");

    private byte Byte(long end)
    {
        if (Position >= end)
        {
            throw Damaged("a value is cut short");
        }

        long offset = Position - _bufferStart;
        if (offset < 0 || offset >= _buffered)
        {
            stream.Position = Position;
            (_bufferStart, offset) = (Position, 0);
            _buffered = stream.ReadAtLeast(_buffer, 1, throwOnEndOfStream: false);
            if (_buffered == 0)
            {
                throw Damaged("the file became shorter while it was read");
            }
        }

        Position++;
        return _buffer[offset];
    }
}

/// <summary>How a protobuf field is stored; the numbers are those of the wire format. Groups (3 and 4) do not occur in ONNX.</summary>
internal enum ProtobufWire
{
    Varint = 0,
    Fixed64 = 1,
    Block = 2,
    Fixed32 = 5,
}
