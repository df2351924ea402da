using System.Buffers.Binary;

namespace SafeVision.Imaging.Formats;

/// <summary>Makes of one frame of an animated PNG a PNG of its own, which any decoder of still pictures reads.</summary>
internal ref struct ApngFrameFile
{
    private static readonly uint[] s_checksums = Checksums();

    private readonly Span<byte> _target;
    private int _length;

    private ApngFrameFile(Span<byte> target) => _target = target;

    /// <summary>The most bytes that a frame's file has: all the animation's, and a header, end and checksums.</summary>
    public static int MostBytes(int animation) => animation + 64;

    /// <summary>Writes the frame's file and returns its length.</summary>
    public static int Write(ReadOnlySpan<byte> animation, in ApngFrame frame, Span<byte> target)
    {
        var file = new ApngFrameFile(target);
        file.Append(PngHeader.Signature);
        var chunks = new PngChunks(animation);
        bool beforeData = true;
        while (chunks.MoveNext())
        {
            ReadOnlySpan<byte> type = chunks.Type;
            if (chunks.Position == PngHeader.Signature.Length)
            {
                file.AppendHeader(chunks.Content, frame);
            }
            else if (type.SequenceEqual("IDAT"u8) || type.SequenceEqual("fdAT"u8))
            {
                beforeData = false;
                if (chunks.Position >= frame.Data)
                {
                    file.AppendChunk("IDAT"u8, type.SequenceEqual("IDAT"u8) ? chunks.Content : Data(chunks.Content, chunks.Position));
                }
            }
            else if (type.SequenceEqual("fcTL"u8))
            {
                if (chunks.Position > frame.Data)
                {
                    break; // The next frame.
                }
            }
            else if (beforeData && !type.SequenceEqual("acTL"u8))
            {
                file.Append(chunks.Whole); // Palette, transparency, colour space: all frames have them in common.
            }
        }

        file.AppendChunk("IEND"u8, []);
        return file._length;
    }

    private static ReadOnlySpan<byte> Data(ReadOnlySpan<byte> content, int position) => content.Length >= 4
        ? content[4..]
        : throw ImageRejectedException.Corrupt(ImageFormat.Png, $"the frame data at offset {position} have no sequence number");

    private void AppendHeader(scoped ReadOnlySpan<byte> header, in ApngFrame frame)
    {
        Span<byte> changed = stackalloc byte[13];
        header.CopyTo(changed);
        BinaryPrimitives.WriteInt32BigEndian(changed, frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(changed[4..], frame.Height);
        AppendChunk("IHDR"u8, changed);
    }

    private void AppendChunk(scoped ReadOnlySpan<byte> type, scoped ReadOnlySpan<byte> content)
    {
        BinaryPrimitives.WriteInt32BigEndian(_target[_length..], content.Length);
        _length += 4;
        int checkedFrom = _length;
        Append(type);
        Append(content);
        BinaryPrimitives.WriteUInt32BigEndian(_target[_length..], Checksum(_target[checkedFrom.._length]));
        _length += 4;
    }

    private void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_target[_length..]);
        _length += bytes.Length;
    }

    // CRC-32 as in ISO 3309 (W3C PNG, third edition, annex D).
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum = s_checksums[(byte)(sum ^ value)] ^ (sum >> 8);
        }

        return ~sum;
    }

    private static uint[] Checksums()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint sum = i;
            for (int bit = 0; bit < 8; bit++)
            {
                sum = (sum & 1) != 0 ? 0xEDB88320 ^ (sum >> 1) : sum >> 1;
            }

            table[i] = sum;
        }

        return table;
    }
}
