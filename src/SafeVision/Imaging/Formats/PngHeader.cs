namespace SafeVision.Imaging.Formats;

/// <summary>Walks the chunks of a PNG (W3C PNG, third edition) without inflating any image or text.</summary>
internal static class PngHeader
{
    private const int HeaderLength = 13;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ImageHeader header = ReadHeaderChunk(file, limits, out byte colorType);
        bool palette = false, data = false, animated = false, apart = false;
        int frames = 0;
        var chunks = new PngChunks(file);
        while (chunks.MoveNext())
        {
            ReadOnlySpan<byte> type = chunks.Type;
            if (type.SequenceEqual("IDAT"u8))
            {
                apart |= !data && frames == 0;
                data = true;
            }
            else if (type.SequenceEqual("PLTE"u8))
            {
                palette = true;
            }
            else if (type.SequenceEqual("tRNS"u8))
            {
                header = header with { HasAlpha = true };
            }
            else if (type.SequenceEqual("eXIf"u8))
            {
                header = header with { Orientation = ExifOrientation.Read(chunks.Content) };
            }
            else if (type.SequenceEqual("iCCP"u8) && !data && header.Color.Transfer == 0)
            {
                header = header with { Color = IccProfile.InPng(chunks.Content, (colorType & 2) != 0 ? "RGB "u8 : "GRAY"u8) };
            }
            else if (type.SequenceEqual("cICP"u8) && !data && chunks.Content is [var primaries, var transfer, 0, 1, ..] && transfer != 0)
            {
                // It takes precedence over all other chunks about color (W3C PNG, third edition, 4.3).
                header = header with { Color = new ColorInformation(HasProfile: false, Primaries: primaries, Transfer: transfer) };
            }
            else if (type.SequenceEqual("acTL"u8) && !data)
            {
                animated = true;
            }
            else if (type.SequenceEqual("fcTL"u8) && animated)
            {
                frames++;
                limits.CheckFrames(ImageFormat.Png, frames + (apart ? 1 : 0), chunks.Position);
            }
        }

        if (!data)
        {
            // A tail too short for a chunk is not a chunk. Whether an image came before it is known only by its data.
            throw chunks.Position >= file.Length - PngChunks.Overhead
                ? ImageRejectedException.Truncated(ImageFormat.Png, $"no image (IDAT) before the end at offset {chunks.Position}")
                : ImageRejectedException.Corrupt(ImageFormat.Png, $"no image (IDAT) before IEND at offset {chunks.Position}");
        }

        if (frames > 0)
        {
            // Frames may leave parts of the canvas empty, even where their pixels have no alpha.
            header = header with { Frames = frames + (apart ? 1 : 0), HasAlpha = true };
        }

        return colorType == 3 && !palette ? throw ImageRejectedException.Corrupt(ImageFormat.Png, "color type 3 without a palette (PLTE)") : header;
    }

    private static ImageHeader ReadHeaderChunk(ReadOnlySpan<byte> file, ImageLimits limits, out byte colorType)
    {
        int start = Signature.Length;
        if (file.Length < start + PngChunks.Overhead + HeaderLength)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Png, $"the file ends at offset {file.Length}, within the header");
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(file[start..]) != HeaderLength || !file.Slice(start + 4, 4).SequenceEqual("IHDR"u8))
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"no header (IHDR) at offset {start}");
        }

        ReadOnlySpan<byte> content = file.Slice(start + 8, HeaderLength);
        uint width = BinaryPrimitives.ReadUInt32BigEndian(content);
        uint height = BinaryPrimitives.ReadUInt32BigEndian(content[4..]);
        if (width > int.MaxValue || height > int.MaxValue)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"the size {width}x{height} at offset {start + 8} is more than PNG can have");
        }

        limits.CheckSize(ImageFormat.Png, width, height, start + 8);
        byte depth = content[8];
        colorType = content[9];
        bool known = colorType switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!known || content[10] != 0 || content[11] != 0 || content[12] > 1)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"no such color type, bit depth, compression, filter or interlace: {colorType}, {depth}, {content[10]}, {content[11]}, {content[12]}");
        }

        return new ImageHeader((int)width, (int)height, Orientation: Orientation.Upright, HasAlpha: (colorType & 4) != 0);
    }
}

/// <summary>Goes from chunk to chunk of a PNG (W3C PNG, third edition, 5.3) up to IEND or a tail too short for a chunk.</summary>
internal ref struct PngChunks(ReadOnlySpan<byte> file)
{
    public const int Overhead = 12; // bytes of a chunk besides its content: length, type, checksum

    private readonly ReadOnlySpan<byte> _file = file;
    private int _next = PngHeader.Signature.Length;

    public int Position { get; private set; } // where the chunk begins, or where the walk ended

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
