using System.Text;

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
    private (ProtobufWire Wire, long End)? _unread; // the value of the field that was met last

    public long Length => _length;

    /// <summary>The byte that is read next; setting it goes there.</summary>
    public long Position { get; set; }

    /// <summary>Reads the next field's number and wire type; false at <paramref name="end"/>. What was not read of the field before is passed over.</summary>
    public bool Next(long end, out int field, out ProtobufWire wire)
    {
        (field, wire) = (0, default);
        if (_unread is { } unread)
        {
            Skip(unread.Wire, unread.End);
            _unread = null;
        }

        if (Position >= end)
        {
            return Position == end ? false : throw Damaged("a field runs past the block that holds it");
        }

        if (++_fields > MostFields)
        {
            throw Damaged($"it has more than {MostFields} fields");
        }

        ulong tag = Varint(end);
        (field, wire) = ((int)(tag >> 3), (ProtobufWire)(tag & 7));
        _unread = (wire, end);
        return tag >> 3 is > 0 and <= 0x1FFF_FFFF ? true : throw Damaged($"a field has the number {tag >> 3}");
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
    public long Number(ProtobufWire wire, long end)
    {
        _unread = null;
        return wire == ProtobufWire.Varint ? (long)Varint(end) : throw Damaged("a number is stored as something else");
    }

    /// <summary>Enters a block and returns where it ends.</summary>
    public long Block(ProtobufWire wire, long end)
    {
        _unread = null;
        if (wire != ProtobufWire.Block)
        {
            throw Damaged("a block is stored as something else");
        }

        ulong length = Varint(end);
        return length <= (ulong)(end - Position)
            ? Position + (long)length
            : throw Damaged($"a block of {length} bytes is announced where {end - Position} are left");
    }

    /// <summary>A text of at most 4096 bytes on one line, so that it may stand in a message.</summary>
    public string Text(ProtobufWire wire, long end)
    {
        long textEnd = Block(wire, end);
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

    private void Skip(ProtobufWire wire, long end)
    {
        switch (wire)
        {
            case ProtobufWire.Varint:
                Varint(end);
                break;
            case ProtobufWire.Fixed64:
                Advance(8, end);
                break;
            case ProtobufWire.Block:
                Position = Block(wire, end);
                break;
            case ProtobufWire.Fixed32:
                Advance(4, end);
                break;
            default:
                throw Damaged($"wire type {(int)wire} is not used by ONNX");
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

    private void Advance(int count, long end) =>
        Position = count <= end - Position ? Position + count : throw Damaged("a number is cut short");

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
