using System.Buffers.Binary;
using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

/// <summary>Walks the chunks of a PNG (W3C PNG, third edition) without inflating any picture or text.</summary>
internal static class PngHeader
{
    private const int HeaderLength = 13;

    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Reads the header and checks it against the limits.</summary>
    public static ImageHeader Read(ReadOnlySpan<byte> file, ImageLimits limits)
    {
        ImageHeader header = ReadHeaderChunk(file, limits, out byte colourType);
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
                header = header with { Color = IccProfile.InPng(chunks.Content, (colourType & 2) != 0 ? "RGB "u8 : "GRAY"u8) };
            }
            else if (type.SequenceEqual("cICP"u8) && !data && chunks.Content is [var primaries, var transfer, 0, 1, ..] && transfer != 0)
            {
                // It takes precedence over all other chunks about colour (W3C PNG, third edition, 4.3).
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
            // A tail too short for a chunk is none. Whether a picture came before it is known only by its data.
            throw chunks.Position >= file.Length - PngChunks.Overhead
                ? ImageRejectedException.Truncated(ImageFormat.Png, $"no picture (IDAT) before the end at offset {chunks.Position}")
                : ImageRejectedException.Corrupt(ImageFormat.Png, $"no picture (IDAT) before IEND at offset {chunks.Position}");
        }

        if (frames > 0)
        {
            // Frames may leave parts of the canvas empty, even where their pixels have no alpha.
            header = header with { Frames = frames + (apart ? 1 : 0), HasAlpha = true };
        }

        return colourType == 3 && !palette ? throw ImageRejectedException.Corrupt(ImageFormat.Png, "colour type 3 without a palette (PLTE)") : header;
    }

    private static ImageHeader ReadHeaderChunk(ReadOnlySpan<byte> file, ImageLimits limits, out byte colourType)
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
        colourType = content[9];
        bool known = colourType switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!known || content[10] != 0 || content[11] != 0 || content[12] > 1)
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Png, $"no such colour type, bit depth, compression, filter or interlace: {colourType}, {depth}, {content[10]}, {content[11]}, {content[12]}");
        }

        return new ImageHeader((int)width, (int)height, Orientation: Orientation.Upright, HasAlpha: (colourType & 4) != 0);
    }
}
