namespace SafeVision.Imaging.Formats;

/// <summary>Decodes a JPEG strip by strip straight into its upright place, at a reduced scale where that is enough.</summary>
internal static unsafe class JpegDecoder
{
    // A strip of a large photo fits the second-level cache, and a multiple of 16 rows is whole blocks at any scale.
    private const int StripRows = 16;

    public static DecodedImage Decode(ReadOnlyMemory<byte> file, ImageHeader header, JpegLayout layout, ImageDecodeOptions options, DecodeClock clock)
    {
        using PixelBuffer? mended = layout.HasEnd ? null : Mend(file, ref layout);
        file = mended?.Memory ?? file[..layout.End];
        using var decoder = new SkiaCodec(file, ImageFormat.Jpeg, header.Color);
        int scale = Reduction(header.Width, header.Height, options.TargetShortSide);
        SKSizeI size = scale == 1 ? new SKSizeI(header.Width, header.Height) : decoder.Codec.GetScaledDimensions(1f / scale);

        // Where the last column or row stands for less than half as many pixels as the others, it is left out: counted whole,
        // it would move all others by up to a pixel of the network's input.
        var writer = new UprightWriter(Kept(header.Width, scale), Kept(header.Height, scale), header.Orientation, background: null);
        PixelBuffer pixels = PixelBuffer.Rent(writer.Width * writer.Height * 3);
        try
        {
            SKImageInfo info = decoder.PixelInfo(size.Width, size.Height);
            decoder.ThrowUnlessSuccess(decoder.Codec.StartScanlineDecode(info));
            bool endsInGray = DecodeStrips(decoder, size, Kept(header.Height, scale), writer, pixels.Span, clock);
            if (endsInGray || layout.ComponentCount == 4 || !layout.IsInterleaved)
            {
                JpegScanCheck.Check(file.Span, layout);
            }
        }
        catch
        {
            ((IDisposable)pixels).Dispose();
            throw;
        }

        (int width, int height) = UprightWriter.Swaps(header.Orientation) ? (header.Height, header.Width) : (header.Width, header.Height);
        DecodedImage image = DecodedImage.Single(ImageFormat.Jpeg, width, height, new ImageFrame(0, TimeSpan.Zero, writer.Width, writer.Height, pixels));
        image.HasDoubtfulColors = decoder.Conversion.IsDoubtful;
        return image;
    }

    private static bool DecodeStrips(SkiaCodec decoder, SKSizeI size, int keptRows, UprightWriter writer, Span<byte> pixels, DecodeClock clock)
    {
        int stride = size.Width * 4;
        using PixelBuffer strip = PixelBuffer.Rent(stride * Math.Min(StripRows, size.Height));
        int rows = 0;
        fixed (byte* start = strip.Span)
        {
            for (int y = 0; y < size.Height; y += rows)
            {
                clock.Check();
                rows = Math.Min(StripRows, size.Height - y);
                int decoded = decoder.Codec.GetScanlines((nint)start, rows, stride);
                if (decoded < rows)
                {
                    throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the data end at row {y + decoded} of {size.Height}");
                }

                writer.Write(strip.Span[..(Math.Clamp(keptRows - y, 0, rows) * stride)], stride, y, pixels);
            }
        }

        return IsGray(strip.Span.Slice((rows * stride) - 4, 3));
    }

    // Missing data decode to mid-gray, 128 in each channel; a color profile may move that a little.
    private static bool IsGray(ReadOnlySpan<byte> pixel) =>
        Math.Abs(pixel[0] - pixel[1]) <= 3 && Math.Abs(pixel[1] - pixel[2]) <= 3 && pixel[0] is > 96 and < 160;

    /// <summary>By what the sides are divided. The fast inverse transforms are those to 4x4, 2x2 and 1x1; between them lie slow ones.</summary>
    public static int Reduction(int width, int height, int? target)
    {
        int scale = 1;
        while (target is { } side && scale < 8 && Math.Min(width, height) / (scale * 2) >= 2L * side)
        {
            scale *= 2;
        }

        return scale;
    }

    private static int Kept(int side, int scale) => (side + (scale / 2)) / scale;

    // Without an end marker the decoder waits for more, even when it has all rows. Whether it has is then for the walk to say,
    // and a progressive JPEG without an end may lack any number of scans.
    private static PixelBuffer Mend(ReadOnlyMemory<byte> file, ref JpegLayout layout)
    {
        if (layout.IsProgressive)
        {
            throw ImageRejectedException.Truncated(ImageFormat.Jpeg, $"the file ends at offset {file.Length} without an end marker");
        }

        JpegScanCheck.Check(file.Span, layout);
        PixelBuffer mended = PixelBuffer.Rent(file.Length + 2);
        file.Span.CopyTo(mended.Span);
        mended.Span[^2] = 0xFF;
        mended.Span[^1] = JpegMarkers.EndOfImage;
        layout.End = mended.Length;
        return mended;
    }
}

/// <summary>What the markers of a JPEG tell about its scans.</summary>
internal struct JpegLayout
{
    public bool IsProgressive; // whether the frame is progressive (SOF2), not sequential
    public int Width; // stored columns
    public int Height; // stored rows
    public int ComponentCount; // color components: 1, 3 or 4; 0 before the frame header
    public ComponentList Components; // the components, of which ComponentCount count
    public int Scans;
    public int Begun; // bit i is set when a scan with the mean colors (DC) of component i has begun

    /// <summary>Whether the first scan holds all components. Where it does not, the image's last pixel tells less.</summary>
    public bool IsInterleaved;

    public bool HasEnd; // whether there is an end marker (EOI)
    public int End; // where the image ends: after the end marker, or where the file does

    /// <summary>The largest sampling factors of all components.</summary>
    public (int Horizontal, int Vertical) MostSampled
    {
        get
        {
            (int Horizontal, int Vertical) most = (1, 1);
            foreach (Component component in Components[..ComponentCount])
            {
                most = (Math.Max(most.Horizontal, component.Horizontal), Math.Max(most.Vertical, component.Vertical));
            }

            return most;
        }
    }

    /// <summary>Which component has this identifier; −1 for none.</summary>
    public int IndexOf(byte id)
    {
        for (int i = 0; i < ComponentCount; i++)
        {
            if (Components[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A component's identifier and sampling factors.</summary>
    public readonly record struct Component(byte Id, byte Horizontal, byte Vertical);

    [InlineArray(4)]
    public struct ComponentList
    {
        private Component _first;
    }
}
