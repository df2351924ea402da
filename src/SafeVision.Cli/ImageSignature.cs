using SafeVision.Files;

namespace SafeVision.Cli;

/// <summary>Whether a file begins as an image does, whatever its name says.</summary>
internal static class ImageSignature
{
    private const int Longest = 12;

    public static bool IsIn(string path)
    {
        try
        {
            Span<byte> start = stackalloc byte[Longest];
            return Matches(RegularFile.ReadStart(path, start));
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.NotRegular)
        {
            return false;
        }
        catch (FileRefusedException)
        {
            return true; // to be judged, which then says that it can't be read
        }
    }

    private static bool Matches(ReadOnlySpan<byte> start) =>
        start.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
        || start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
        || start.StartsWith("GIF8"u8)
        || start.StartsWith("BM"u8)
        || (start.StartsWith("RIFF"u8) && start.EndsWith("WEBP"u8))
        || start.StartsWith("II*\0"u8) || start.StartsWith("MM\0*"u8)
        || (start.Length >= 8 && start[4..].StartsWith("ftyp"u8));
}
