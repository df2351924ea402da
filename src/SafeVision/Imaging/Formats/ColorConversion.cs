using System.IO.Compression;

namespace SafeVision.Imaging.Formats;

/// <summary>What a file says about the colors of its pixels, apart from what Skia reads by itself.</summary>
/// <param name="HasProfile">Whether there is an ICC profile for pixels of this kind: RGB, gray or CMYK.</param>
/// <param name="HasLookup">Whether the profile may convert by tables, so that only the converted pixels tell what it does.</param>
/// <param name="Primaries">The color primaries of a PNG's cICP chunk (ITU-T H.273, table 2); 0 without one.</param>
/// <param name="Transfer">Its transfer characteristics (table 3); 0 without one.</param>
/// <param name="IsIgnored">Whether the pixels are to be taken as stored, as viewers without color management do.</param>
internal readonly record struct ColorInformation(bool HasProfile, bool HasLookup = false, byte Primaries = 0, byte Transfer = 0, bool IsIgnored = false)
{
    public static ColorInformation Ignored => new(HasProfile: false, IsIgnored: true);
}

/// <summary>How the pixels of one file become sRGB, and whether that makes another image of them.</summary>
internal readonly struct ColorConversion
{
    // Common spaces move no color by more than this, and a hidden image needs more.
    private const int Doubtful = 48;

    // A gamma of 1/2.2 stands for sRGB in most files that have one, and moves no color by more than this.
    private const int Unnoticed = 8;

    private static readonly SKColorSpace s_srgb = SKColorSpace.CreateSrgb();

    private ColorConversion(SKColorSpace? target, SKColorSpace? source, bool isDoubtful) => (Target, Source, IsDoubtful) = (target, source, isDoubtful);

    public SKColorSpace? Target { get; } // what Skia is to convert to while it decodes; null: not at all

    /// <summary>What the decoded pixels are to be converted from; null: they need no conversion.</summary>
    private SKColorSpace? Source { get; }

    public bool IsDoubtful { get; } // whether viewers that take colors as stored may show something else

    public static ColorConversion For(SKCodec codec, ImageFormat format, in ColorInformation color)
    {
        if (color.IsIgnored)
        {
            return default;
        }

        if (color.Transfer != 0)
        {
            SKColorSpace? coded = Coded(color.Primaries, color.Transfer);
            int moved = coded is null ? 0 : LargestMove(coded);
            return new ColorConversion(null, moved > Unnoticed ? coded : null, moved > Doubtful);
        }

        if (!color.HasProfile && format != ImageFormat.Png)
        {
            return default;
        }

        SKColorSpace? space = codec.Info.ColorSpace;
        int move = space is null || space.IsSrgb ? 0 : LargestMove(space);
        return color.HasProfile || move > Unnoticed
            ? new ColorConversion(s_srgb, null, color.HasLookup || move > Doubtful)
            : default;
    }

    /// <summary>How pixels that another decoder took as stored become sRGB; tables of a profile are not used then.</summary>
    /// <exception cref="ImageRejectedException">The file's headers or tables are not valid.</exception>
    public static ColorConversion ForStored(ReadOnlyMemory<byte> file, ImageFormat format, in ColorInformation color)
    {
        if (!color.HasProfile && format != ImageFormat.Png)
        {
            return default;
        }

        using var decoder = new SkiaCodec(file, format, color);
        ColorConversion own = decoder.Conversion;
        return own.Target is null ? own : new ColorConversion(null, decoder.Codec.Info.ColorSpace, own.IsDoubtful);
    }

    /// <summary>How the pixels of a TIFF page with this profile become sRGB; a profile that does not parse changes nothing.</summary>
    public static ColorConversion For(ReadOnlySpan<byte> profile, bool hasLookup)
    {
        SKColorSpace? space = SKColorSpace.CreateIcc(profile);
        return space is null ? default : new ColorConversion(null, space, hasLookup || LargestMove(space) > Doubtful);
    }

    /// <summary>Converts decoded pixels in place where the decoder did not: RGBA with straight alpha.</summary>
    public unsafe void Apply(Span<byte> rgba, int width, int height)
    {
        if (Source is null)
        {
            return;
        }

        fixed (byte* start = rgba)
        {
            Convert(Source, start, start, width, height);
        }
    }

    /// <summary>The most that a channel of some color changes by when taken from this space to sRGB, of 255.</summary>
    private static unsafe int LargestMove(SKColorSpace space)
    {
        ReadOnlySpan<byte> levels = [16, 96, 176, 255];
        Span<byte> stored = stackalloc byte[4 * 4 * 4 * 4], converted = stackalloc byte[stored.Length];
        for (int i = 0; i < stored.Length / 4; i++)
        {
            stored[i * 4] = levels[i & 3];
            stored[(i * 4) + 1] = levels[(i >> 2) & 3];
            stored[(i * 4) + 2] = levels[i >> 4];
            stored[(i * 4) + 3] = 255;
        }

        fixed (byte* from = stored, to = converted)
        {
            Convert(space, from, to, stored.Length / 4, 1);
        }

        int most = 0;
        for (int i = 0; i < stored.Length; i++)
        {
            most = Math.Max(most, Math.Abs(stored[i] - converted[i]));
        }

        return most;
    }

    private static unsafe void Convert(SKColorSpace space, byte* from, byte* to, int width, int height)
    {
        using var pixmap = new SKPixmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, space), (nint)from);
        pixmap.ReadPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, s_srgb), (nint)to, width * 4);
    }

    // Code points that mean what sRGB means, or nothing that is known here, give null: the colors stay.
    private static SKColorSpace? Coded(byte primaries, byte transfer)
    {
        SKColorSpaceTransferFn? curve = transfer switch
        {
            1 or 6 or 13 or 14 or 15 => SKColorSpaceTransferFn.Srgb,
            4 => SKColorSpaceTransferFn.TwoDotTwo,
            5 => new SKColorSpaceTransferFn(2.8f, 1, 0, 0, 0, 0, 0),
            8 => SKColorSpaceTransferFn.Linear,
            16 => SKColorSpaceTransferFn.Pq,
            18 => SKColorSpaceTransferFn.Hlg,
            _ => null,
        };
        SKColorSpaceXyz gamut = primaries switch
        {
            9 => SKColorSpaceXyz.Rec2020,
            11 or 12 => SKColorSpaceXyz.DisplayP3,
            10 => SKColorSpaceXyz.Xyz,
            _ => SKColorSpaceXyz.Srgb,
        };
        return curve is { } known ? SKColorSpace.CreateRgb(known, gamut) : null;
    }
}

/// <summary>Reads as much of an ICC profile (ICC.1:2022, 7.2 and 7.3) as tells which pixels it is for, and whether it has tables.</summary>
internal static class IccProfile
{
    private const int HeaderSize = 128;
    private const int TagSize = 12;
    private const int MostTags = 100;

    /// <summary>What it means for pixels of this kind: "RGB ", "GRAY" or "CMYK"; nothing where it is for others, or no profile.</summary>
    public static ColorInformation For(ReadOnlySpan<byte> profile, ReadOnlySpan<byte> kind)
    {
        bool fits = profile.Length >= HeaderSize
            && BinaryPrimitives.ReadUInt32BigEndian(profile) >= HeaderSize
            && profile[16..20].SequenceEqual(kind)
            && profile[36..40].SequenceEqual("acsp"u8);
        return fits ? new ColorInformation(HasProfile: true, HasLookup(profile)) : default;
    }

    /// <summary>The same for the data of a PNG's iCCP chunk: a name, a zero, a method, a zlib stream, of which only the start is inflated.</summary>
    public static unsafe ColorInformation InPng(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> kind)
    {
        int name = chunk.IndexOf((byte)0);
        if (name < 0 || chunk.Length < name + 3)
        {
            return default;
        }

        Span<byte> start = stackalloc byte[HeaderSize + 4 + (MostTags * TagSize)];
        ReadOnlySpan<byte> compressed = chunk[(name + 2)..];
        fixed (byte* bytes = compressed)
        {
            using var stream = new UnmanagedMemoryStream(bytes, compressed.Length);
            using var zlib = new ZLibStream(stream, CompressionMode.Decompress);
            int read = 0;
            try
            {
                for (int count; read < start.Length && (count = zlib.Read(start[read..])) > 0; read += count)
                {
                }
            }
            catch (Exception error) when (error is InvalidDataException or IOException)
            {
                // What was inflated before the damage is looked at: Skia decides whether the whole is a profile.
            }

            return For(start[..read], kind);
        }
    }

    // Tables (A2B) take precedence over curves and primaries. A list of tags that is not here whole may name some.
    private static bool HasLookup(ReadOnlySpan<byte> profile)
    {
        if (profile.Length < HeaderSize + 4)
        {
            return true;
        }

        uint tags = BinaryPrimitives.ReadUInt32BigEndian(profile[HeaderSize..]);
        for (int i = 0; i < tags; i++)
        {
            int at = HeaderSize + 4 + (i * TagSize);
            if (at + TagSize > profile.Length || profile.Slice(at, 3).SequenceEqual("A2B"u8))
            {
                return true;
            }
        }

        return false;
    }
}
