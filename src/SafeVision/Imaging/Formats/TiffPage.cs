using SafeVision.Imaging.Decoding;

namespace SafeVision.Imaging.Formats;

/// <summary>What one directory of a TIFF says about its page.</summary>
internal sealed record TiffPage
{
    /// <summary>Where the directory is in the file.</summary>
    public required uint Offset { get; init; }
    public int Width { get; set; }
    public int Height { get; set; }
    public int BitsPerSample { get; set; } = 1;
    public int SamplesPerPixel { get; set; } = 1;
    public int Compression { get; set; } = 1;
    public int Photometric { get; set; } = -1;
    public int SampleFormat { get; set; } = 1;
    public bool IsPlanar { get; set; }

    /// <summary>What the first sample beyond the colours is: 1 alpha that colours are multiplied with, 2 straight alpha, else nothing.</summary>
    public int ExtraSample { get; set; }
    public int TileWidth { get; set; }
    public int TileHeight { get; set; }
    public Orientation Orientation { get; set; } = Orientation.Upright;

    /// <summary>Where the ICC profile is in the file; empty where there is none.</summary>
    public Range Profile { get; set; }

    /// <summary>The bits of NewSubfileType: 1 a smaller version of another page, 4 a mask.</summary>
    public int Kind { get; set; }

    /// <summary>Whether the page is one of another page's SubIFDs.</summary>
    public bool IsChild { get; set; }

    /// <summary>Whether it is a DNG's: a page has DNGVersion.</summary>
    public bool IsDng { get; set; }

    /// <summary>Whether it is a smaller version of another page.</summary>
    public bool IsReduced => (Kind & 1) != 0;

    /// <summary>Pixels.</summary>
    public long Area => (long)Width * Height;
}
