using System.Buffers.Binary;

namespace SafeVision.Imaging.Formats;

/// <summary>Lists the frames of an animated PNG without inflating any.</summary>
/// <remarks>
/// Frames are counted, whatever acTL declares, and their sequence numbers are not looked at: what one viewer shows, another may
/// not, and a guardrail looks at all of it. For the same reason a default picture that is no frame counts as one, the first.
/// </remarks>
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
