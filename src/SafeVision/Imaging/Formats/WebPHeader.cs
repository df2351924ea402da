namespace SafeVision.Imaging.Formats;

/// <summary>Walks the chunks of a WebP (RFC 9649) and counts its frames without decoding any.</summary>
internal static class WebPHeader
{
    private const int FirstChunk = 12;

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        long declared = BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) + 8L;
        int fileLength = file.Length;
        file = file[..(int)Math.Clamp(declared, FirstChunk, fileLength)];
        ReadOnlySpan<byte> first = Chunk(file, FirstChunk);
        ImageHeader header = file.Slice(FirstChunk, 4) switch
        {
            var type when type.SequenceEqual("VP8 "u8) => Lossy(first, limits),
            var type when type.SequenceEqual("VP8L"u8) => Lossless(first, limits),
            var type when type.SequenceEqual("VP8X"u8) => Extended(file, first, limits),
            _ => throw ImageRejectedException.Corrupt(ImageFormat.WebP, $"no image at offset {FirstChunk}"),
        };
        return declared <= fileLength
            ? header
            : throw ImageRejectedException.Truncated(ImageFormat.WebP, $"the file declares {declared} bytes and has {fileLength}");
    }

    private static ImageHeader Lossy(ReadOnlySpan<byte> chunk, ImageLimits limits)
    {
        if (chunk.Length < 10)
        {
            throw Truncated(FirstChunk);
        }

        if (!chunk.Slice(3, 3).SequenceEqual((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A]))
        {
            throw ImageRejectedException.Corrupt(ImageFormat.WebP, $"no start code at offset {FirstChunk + 11}");
        }

        int width = BinaryPrimitives.ReadUInt16LittleEndian(chunk[6..]) & 0x3FFF;
        int height = BinaryPrimitives.ReadUInt16LittleEndian(chunk[8..]) & 0x3FFF;
        limits.CheckSize(ImageFormat.WebP, width, height, FirstChunk + 14);
        return new ImageHeader(width, height);
    }

    private static ImageHeader Lossless(ReadOnlySpan<byte> chunk, ImageLimits limits)
    {
        if (chunk.Length < 5)
        {
            throw Truncated(FirstChunk);
        }

        uint bits = BinaryPrimitives.ReadUInt32LittleEndian(chunk[1..]);
        int width = (int)(bits & 0x3FFF) + 1;
        int height = (int)((bits >> 14) & 0x3FFF) + 1;
        limits.CheckSize(ImageFormat.WebP, width, height, FirstChunk + 9);
        return chunk[0] == 0x2F
            ? new ImageHeader(width, height, HasAlpha: true)
            : throw ImageRejectedException.Corrupt(ImageFormat.WebP, $"no lossless signature at offset {FirstChunk + 8}");
    }

    private static ImageHeader Extended(ReadOnlySpan<byte> file, ReadOnlySpan<byte> chunk, ImageLimits limits)
    {
        if (chunk.Length < 10)
        {
            throw Truncated(FirstChunk);
        }

        const byte Animated = 0x02;
        bool animated = (chunk[0] & Animated) != 0;
        int width = UInt24(chunk[4..]) + 1;
        int height = UInt24(chunk[7..]) + 1;
        limits.CheckSize(ImageFormat.WebP, width, height, FirstChunk + 12);
        var header = new ImageHeader(width, height, Frames: 0, HasAlpha: true);
        bool still = false;
        var pixels = new List<long>();
        for (int position = Next(file, FirstChunk); file.Length - position >= 8; position = Next(file, position))
        {
            ReadOnlySpan<byte> type = file.Slice(position, 4);
            ReadOnlySpan<byte> content = Chunk(file, position);
            if (type.SequenceEqual("ANMF"u8) && animated)
            {
                header = header with { Frames = header.Frames + 1 };
                limits.CheckFrames(ImageFormat.WebP, header.Frames, position);
                pixels.Add(CheckFrame(content, header, position));
            }
            else if (type.SequenceEqual("VP8 "u8) || type.SequenceEqual("VP8L"u8))
            {
                still = true;
            }
            else if (type.SequenceEqual("ICCP"u8))
            {
                header = header with { Color = IccProfile.For(content, "RGB "u8) };
            }
            else if (type.SequenceEqual("EXIF"u8))
            {
                header = header with { Orientation = ExifOrientation.Read(content) };
            }
        }

        return header.Frames > 0 ? header with { FramePixels = pixels }
            : still && !animated ? header with { Frames = 1 }
            : throw ImageRejectedException.Truncated(ImageFormat.WebP, $"the file ends at offset {file.Length}, before any frame");
    }

    private static long CheckFrame(ReadOnlySpan<byte> frame, ImageHeader canvas, int position)
    {
        if (frame.Length < 16)
        {
            throw Truncated(position);
        }

        int width = UInt24(frame[6..]) + 1, right = (UInt24(frame) * 2) + width;
        int height = UInt24(frame[9..]) + 1, bottom = (UInt24(frame[3..]) * 2) + height;
        if (right > canvas.Width || bottom > canvas.Height)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.WebP, $"frame {canvas.Frames - 1} at offset {position} reaches {right},{bottom}, beyond the canvas of {canvas.Width}x{canvas.Height}");
        }

        return (long)width * height;
    }

    private static ReadOnlySpan<byte> Chunk(ReadOnlySpan<byte> file, int position)
    {
        if (file.Length - position < 8)
        {
            throw Truncated(position);
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(file[(position + 4)..]);
        return file.Slice(position + 8, (int)Math.Min(length, (uint)(file.Length - position - 8)));
    }

    // Chunks are padded to an even length.
    private static int Next(ReadOnlySpan<byte> file, int position)
    {
        long length = BinaryPrimitives.ReadUInt32LittleEndian(file[(position + 4)..]);
        return (int)Math.Min(position + 8 + length + (length & 1), file.Length);
    }

    private static int UInt24(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);

    private static ImageRejectedException Truncated(int position) =>
        ImageRejectedException.Truncated(ImageFormat.WebP, $"the chunk at offset {position} is cut short");
}
