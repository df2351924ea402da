using BitMiracle.LibTiff.Classic;

namespace SafeVision.Imaging.Formats;

/// <summary>Turns the samples of a TIFF page into RGBA: gray, palette, RGB and CMYK, 1 to 16 bits, together or in planes.</summary>
internal sealed class TiffSamples
{
    private const int WhiteIsZero = 0;
    private const int BlackIsZero = 1;
    private const int Rgb = 2;
    private const int Palette = 3;
    private const int Separated = 5;
    private const int YCbCr = 6;
    private const int CameraRaw = 32803;
    private const int LinearRaw = 34892;
    private const int JpegCompression = 7;
    private const int AssociatedAlpha = 1;
    private const int StraightAlpha = 2;

    private readonly TiffPage _page;
    private readonly int _colors;
    private readonly byte[] _levels;
    private byte[]? _palette;

    private TiffSamples(TiffPage page, int colors)
    {
        _page = page;
        _colors = colors;
        HasAlpha = page.SamplesPerPixel > colors && colors < 4 && page.ExtraSample is (AssociatedAlpha or StraightAlpha);
        int most = (1 << Math.Min(page.BitsPerSample, 8)) - 1;
        _levels = new byte[most + 1];
        for (int i = 0; i <= most; i++)
        {
            int level = page.Photometric == Palette ? i : i * 255 / most;
            _levels[i] = (byte)(page.Photometric == WhiteIsZero ? 255 - level : level);
        }
    }

    public bool HasAlpha { get; }

    public int Planes => _page.IsPlanar ? Math.Min(_page.SamplesPerPixel, _colors + (HasAlpha ? 1 : 0)) : 1;

    /// <summary>The kind of ICC profile that fits.</summary>
    public ReadOnlySpan<byte> ProfileKind => _page.Photometric switch
    {
        WhiteIsZero or BlackIsZero => "GRAY"u8,
        Separated => "none"u8, // Its conversion to RGB is done before a profile could be.
        _ => "RGB "u8,
    };

    /// <summary>Whether the samples of a page are of a kind that is read.</summary>
    public static bool IsKnown(TiffPage page) => Colors(page) > 0;

    /// <exception cref="ImageRejectedException">Samples of a kind that is not read.</exception>
    public static TiffSamples For(TiffPage page) => Colors(page) is > 0 and var colors ? new TiffSamples(page, colors) : throw Unsupported(page);

    public static ImageRejectedException Unsupported(TiffPage page) => ImageRejectedException.Unsupported(
        ImageFormat.Tiff,
        $"the {(page.IsDng ? "DNG's image" : "page")} of {page.Width}x{page.Height} at offset {page.Offset} has photometric interpretation {page.Photometric}, {page.SamplesPerPixel} samples of {page.BitsPerSample} bits, sample format {page.SampleFormat}, compression {page.Compression}"
        + (page.Photometric is CameraRaw or LinearRaw ? ": a camera's raw samples, which are not read, and no preview is judged in their place; send an image developed from them" : ""));

    private static int Colors(TiffPage page)
    {
        bool jpeg = page.Compression == JpegCompression;
        int colors = page.Photometric switch
        {
            WhiteIsZero or BlackIsZero or Palette => 1,
            Rgb => 3,
            YCbCr when jpeg && !page.IsPlanar => 3,
            Separated => 4,
            _ => 0,
        };
        bool known = colors > 0
            && page.SamplesPerPixel >= colors && page.SamplesPerPixel <= 8
            && page.SampleFormat == 1
            && (page.BitsPerSample is 8 or 16 || (page.BitsPerSample is 1 or 2 or 4 && colors == 1 && page.SamplesPerPixel == 1))
            && (page.BitsPerSample == 8 || !jpeg)
            && (page.BitsPerSample <= 8 || page.Photometric != Palette);
        return known ? colors : 0;
    }

    public int RowBytes(int width) => (int)((((long)width * (_page.IsPlanar ? 1 : _page.SamplesPerPixel) * _page.BitsPerSample) + 7) / 8);

    /// <summary>To be called before the first row.</summary>
    public void Prepare(Tiff tiff, Span<byte> rgba)
    {
        if (_page.Photometric == YCbCr)
        {
            tiff.SetField(TiffTag.JPEGCOLORMODE, JpegColorMode.RGB);
        }

        if (_page.Photometric == Palette)
        {
            ReadPalette(tiff);
        }

        rgba.Fill(255);
    }

    /// <summary>Converts one row of all samples, or of one plane.</summary>
    public void Convert(ReadOnlySpan<byte> row, int plane, Span<byte> rgba)
    {
        int pixels = rgba.Length / 4;
        int bits = _page.BitsPerSample;
        if (bits < 8)
        {
            for (int x = 0; x < pixels; x++)
            {
                int shift = 8 - bits - (x * bits % 8);
                Put(rgba.Slice(x * 4, 4), 0, (byte)((row[x * bits / 8] >> shift) & ((1 << bits) - 1)));
            }

            return;
        }

        // The library gives 16 bits in the machine's order; their high byte is the 8-bit sample.
        int bytes = bits / 8;
        int high = bytes == 2 && BitConverter.IsLittleEndian ? 1 : 0;
        int first = _page.IsPlanar ? plane : 0;
        int count = _page.IsPlanar ? 1 : Math.Min(_page.SamplesPerPixel, _colors + (HasAlpha ? 1 : 0));
        int step = (_page.IsPlanar ? 1 : _page.SamplesPerPixel) * bytes;
        for (int x = 0; x < pixels; x++)
        {
            Span<byte> pixel = rgba.Slice(x * 4, 4);
            for (int i = 0; i < count; i++)
            {
                Put(pixel, first + i, row[(x * step) + (i * bytes) + high]);
            }
        }
    }

    /// <summary>To be called after the last row: what needs all samples of a pixel.</summary>
    public void Finish(Span<byte> rgba)
    {
        if (_page.Photometric == Separated)
        {
            FromCmyk(rgba);
        }
        else if (HasAlpha && _page.ExtraSample == AssociatedAlpha)
        {
            AlphaPremultiplication.Divide(rgba, 4);
        }
    }

    private void Put(Span<byte> pixel, int sample, byte value)
    {
        if (sample >= _colors)
        {
            pixel[3] = value;
        }
        else if (_colors > 1)
        {
            pixel[sample] = value;
        }
        else if (_palette is { } palette)
        {
            palette.AsSpan(value * 3, 3).CopyTo(pixel);
        }
        else
        {
            pixel[..3].Fill(_levels[value]);
        }
    }

    // Color maps have 16 bits, of which the high byte counts.
    private void ReadPalette(Tiff tiff)
    {
        FieldValue[]? fields = tiff.GetField(TiffTag.COLORMAP);
        int entries = 1 << _page.BitsPerSample;
        if (fields is not { Length: >= 3 })
        {
            throw ImageRejectedException.Corrupt(ImageFormat.Tiff, $"the page at offset {_page.Offset} has a palette's indices and no palette");
        }

        _palette = new byte[entries * 3];
        for (int channel = 0; channel < 3; channel++)
        {
            ushort[] values = fields[channel].ToUShortArray();
            for (int i = 0; i < Math.Min(entries, values.Length); i++)
            {
                _palette[(i * 3) + channel] = (byte)(values[i] >> 8);
            }
        }
    }

    // Without a profile, as Pillow: each ink takes its share of what black leaves.
    private static void FromCmyk(Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int left = 255 - pixels[i + 3];
            for (int channel = 0; channel < 3; channel++)
            {
                int product = (pixels[i + channel] * left) + 128;
                pixels[i + channel] = (byte)(left - ((product + (product >> 8)) >> 8));
            }

            pixels[i + 3] = 255;
        }
    }
}

/// <summary>What one directory of a TIFF says about its page.</summary>
internal sealed record TiffPage
{
    public required uint Offset { get; init; } // where the directory is in the file
    public int Width { get; set; }
    public int Height { get; set; }
    public int BitsPerSample { get; set; } = 1;
    public int SamplesPerPixel { get; set; } = 1;
    public int Compression { get; set; } = 1;
    public int Photometric { get; set; } = -1;
    public int SampleFormat { get; set; } = 1;
    public bool IsPlanar { get; set; }

    /// <summary>What the first sample beyond the colors is: 1 alpha that colors are multiplied with, 2 straight alpha, else nothing.</summary>
    public int ExtraSample { get; set; }
    public int TileWidth { get; set; }
    public int TileHeight { get; set; }
    public Orientation Orientation { get; set; } = Orientation.Upright;

    public Range Profile { get; set; } // where the ICC profile is in the file; empty where there is none
    public int Kind { get; set; } // the bits of NewSubfileType: 1 a smaller version of another page, 4 a mask
    public bool IsChild { get; set; } // whether the page is one of another page's SubIFDs
    public bool IsDng { get; set; } // whether it is a DNG's: a page has DNGVersion

    /// <summary>Whether it is a smaller version of another page.</summary>
    public bool IsReduced => (Kind & 1) != 0;

    public long Area => (long)Width * Height;
}
