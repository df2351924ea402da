namespace SafeVision.Imaging.Formats;

/// <summary>Lists the frames of an animated PNG without inflating any.</summary>
/// <remarks>Frames are counted, whatever acTL declares, and their sequence numbers are not looked at: what one viewer shows,
/// another may not, and a guardrail looks at all of it. For the same reason a default image that is no frame counts as one, the
/// first.</remarks>
internal static class ApngLayout
{
    private const int ControlLength = 26;

    public static List<ApngFrame> Read(ReadOnlySpan<byte> file, ImageHeader canvas)
    {
        var frames = new List<ApngFrame>(canvas.Frames);
        ApngFrame? open = null;
        var chunks = new PngChunks(file);
        while (chunks.MoveNext())
        {
            if (chunks.Type.SequenceEqual("fcTL"u8))
            {
                Close(frames, open);
                open = ReadControl(chunks.Content, chunks.Position, canvas);
            }
            else if (chunks.Type.SequenceEqual("IDAT"u8) || chunks.Type.SequenceEqual("fdAT"u8))
            {
                open ??= new ApngFrame(0, 0, canvas.Width, canvas.Height, TimeSpan.Zero, ApngDisposal.Clear, IsBlended: false);
                open = open.Value.Data == 0 ? open.Value with { Data = chunks.Position } : open;
            }
        }

        Close(frames, open);
        return frames;
    }

    private static void Close(List<ApngFrame> frames, ApngFrame? frame)
    {
        if (frame is { } one)
        {
            frames.Add(one.Data > 0 ? one : throw ImageRejectedException.Corrupt(ImageFormat.Png, $"frame {frames.Count} has no data"));
        }
    }

    private static ApngFrame ReadControl(ReadOnlySpan<byte> content, int position, ImageHeader canvas)
    {
        if (content.Length < ControlLength)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"the frame control at offset {position} has {content.Length} bytes; {ControlLength} are needed");
        }

        long width = UInt32(content, 4), height = UInt32(content, 8), x = UInt32(content, 12), y = UInt32(content, 16);
        if (width == 0 || height == 0 || x + width > canvas.Width || y + height > canvas.Height)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"the frame at offset {position} is {width}x{height} at {x},{y}, not within the canvas of {canvas.Width}x{canvas.Height}");
        }

        int parts = BinaryPrimitives.ReadUInt16BigEndian(content[20..]), second = BinaryPrimitives.ReadUInt16BigEndian(content[22..]);
        (byte disposal, byte blend) = (content[24], content[25]);
        return disposal <= 2 && blend <= 1
            ? new ApngFrame((int)x, (int)y, (int)width, (int)height, TimeSpan.FromSeconds(parts / (second == 0 ? 100.0 : second)), (ApngDisposal)disposal, blend == 1)
            : throw ImageRejectedException.Corrupt(ImageFormat.Png, $"the frame at offset {position} has disposal {disposal} and blending {blend}");
    }

    private static uint UInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);
}

/// <summary>A frame of an animated PNG (W3C PNG, third edition, 11.3.6.2): where it goes, how, and where its data are.</summary>
/// <param name="Width">Its columns.</param>
/// <param name="Height">Its rows.</param>
/// <param name="Disposal">What becomes of its place afterwards.</param>
/// <param name="IsBlended">Whether it is composited on what is there; otherwise it replaces that.</param>
/// <param name="Data">Where its first data chunk begins; 0 before one was met.</param>
internal readonly record struct ApngFrame(
    int X, int Y, int Width, int Height, TimeSpan Duration, ApngDisposal Disposal, bool IsBlended, int Data = 0)
{
    /// <summary>Whether nothing of what was there before shows.</summary>
    public bool Covers(ImageHeader canvas) => !IsBlended && Width == canvas.Width && Height == canvas.Height;
}

/// <summary>What becomes of a frame's place once it was shown: the values of dispose_op.</summary>
internal enum ApngDisposal : byte
{
    Keep = 0,
    Clear = 1,
    RestorePrevious = 2,
}

/// <summary>Makes of one frame of an animated PNG a PNG of its own, which any decoder of still images reads.</summary>
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
                file.Append(chunks.Whole); // Palette, transparency, color space: all frames have them in common.
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
