namespace SafeVision.Imaging.Formats;

/// <summary>Walks the blocks of a GIF (GIF89a specification) and counts its images without decompressing any.</summary>
internal static class GifHeader
{
    private const byte Extension = 0x21;
    private const byte ImageDescriptor = 0x2C;
    private const byte Trailer = 0x3B;

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        if (file.Length < 13)
        {
            throw Truncated(file.Length);
        }

        int width = BinaryPrimitives.ReadUInt16LittleEndian(file[6..]);
        int height = BinaryPrimitives.ReadUInt16LittleEndian(file[8..]);
        limits.CheckSize(ImageFormat.Gif, width, height, 6);
        int position = 13 + ColorTable(file[10]);
        int frames = 0;
        var pixels = new List<long>();
        bool cut = false;
        while (!cut && position < file.Length && file[position] != Trailer)
        {
            switch (file[position])
            {
                case Extension:
                    position = SkipBlocks(file, position + 2, out cut);
                    break;
                case ImageDescriptor when file.Length - position >= 10:
                    frames++;
                    limits.CheckFrames(ImageFormat.Gif, frames, position);
                    int columns = BinaryPrimitives.ReadUInt16LittleEndian(file[(position + 5)..]), rows = BinaryPrimitives.ReadUInt16LittleEndian(file[(position + 7)..]);
                    limits.CheckSize(ImageFormat.Gif, columns, rows, position, $"frame {frames - 1}");
                    pixels.Add((long)columns * rows);
                    position = SkipBlocks(file, position + 10 + ColorTable(file[position + 9]) + 1, out cut);
                    break;
                case ImageDescriptor:
                    cut = true;
                    break;
                default:
                    // Decoders stop at what they do not know, and show what came before.
                    cut = frames > 0 ? true : throw ImageRejectedException.Corrupt(ImageFormat.Gif, $"no block begins with 0x{file[position]:X2}, at offset {position}");
                    break;
            }
        }

        return frames > 0 ? new ImageHeader(width, height, frames, HasAlpha: true, FramePixels: pixels) : throw Truncated(Math.Min(position, file.Length));
    }

    private static int ColorTable(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    // A run of blocks, each with its length before it, ends with an empty one.
    private static int SkipBlocks(ReadOnlySpan<byte> file, int position, out bool cut)
    {
        while (position < file.Length && file[position] != 0)
        {
            position += file[position] + 1;
        }

        cut = position >= file.Length;
        return position + 1;
    }

    private static ImageRejectedException Truncated(int offset) =>
        ImageRejectedException.Truncated(ImageFormat.Gif, $"the file ends at offset {offset}, before the first image");
}
