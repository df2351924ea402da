using BitMiracle.LibTiff.Classic;
using SafeVision.Imaging.Formats;
using SkiaSharp;

namespace SafeVision.Imaging.Decoding;

/// <summary>Decodes the pages of a TIFF: LibTiff.NET decompresses rows and tiles, the samples become colours here.</summary>
/// <remarks>Read by rows, never by whole strips: the library allocates a strip by its declared size.</remarks>
internal static unsafe class TiffDecoder
{
    public static DecodedImage Decode(ReadOnlyMemory<byte> file, List<TiffPage> pages, ImageDecodeOptions options, DecodeClock clock)
    {
        int samples = FrameSampling.Count(pages.Count, options.MaxSampledFrames);
        CheckSum(pages, samples, options.Limits);
        var frames = new List<ImageFrame>(samples);
        QuietTiffErrors.Begin();
        try
        {
            using Tiff tiff = Tiff.ClientOpen("image", "rh", new object(), new TiffMemoryStream(file)) ?? throw Corrupt();
            for (int sample = 0; sample < samples; sample++)
            {
                clock.Check();
                int index = FrameSampling.IndexOf(sample, samples, pages.Count);
                frames.Add(DecodePage(tiff, file.Span, pages[index], index, options, clock));
            }
        }
        catch (Exception error)
        {
            frames.ForEach(frame => frame.Release());
            if (error is ImageRejectedException or OperationCanceledException or OutOfMemoryException)
            {
                throw;
            }

            // The library was not written for hostile bytes: what it throws on them can be anything.
            throw ImageRejectedException.Corrupt(ImageFormat.Tiff, $"the library that decodes it failed: {error.Message.TrimEnd('.')}");
        }
        finally
        {
            QuietTiffErrors.End();
        }

        TiffPage first = pages[0];
        (int width, int height) = UprightWriter.Swaps(first.Orientation) ? (first.Height, first.Width) : (first.Width, first.Height);
        return new DecodedImage(ImageFormat.Tiff, width, height, pages.Count, frames);
    }

    private static ImageFrame DecodePage(Tiff tiff, ReadOnlySpan<byte> file, TiffPage page, int index, ImageDecodeOptions options, DecodeClock clock)
    {
        TiffSamples samples = TiffSamples.For(page);
        if (!tiff.SetSubDirectory(page.Offset))
        {
            throw Corrupt();
        }

        using PixelBuffer rgba = PixelBuffer.Rent(page.Width * page.Height * 4);
        samples.Prepare(tiff, rgba.Span);
        if (page.TileWidth > 0)
        {
            ReadTiles(tiff, page, samples, rgba.Span, clock);
        }
        else
        {
            ReadRows(tiff, page, samples, rgba.Span, clock);
        }

        samples.Finish(rgba.Span);
        if (!page.Profile.Equals(default))
        {
            ToSrgb(file[page.Profile], page, rgba.Span);
        }

        var writer = new UprightWriter(page.Width, page.Height, page.Orientation, samples.HasAlpha ? options.Background : null);
        PixelBuffer pixels = PixelBuffer.Rent(page.Width * page.Height * 3);
        writer.Write(rgba.Span, page.Width * 4, 0, pixels.Span);
        return new ImageFrame(index, TimeSpan.Zero, writer.Width, writer.Height, pixels);
    }

    private static void ReadRows(Tiff tiff, TiffPage page, TiffSamples samples, Span<byte> rgba, DecodeClock clock)
    {
        byte[] row = new byte[Math.Max(tiff.ScanlineSize(), samples.RowBytes(page.Width))];
        for (int plane = 0; plane < samples.Planes; plane++)
        {
            for (int y = 0; y < page.Height; y++)
            {
                if (y % 64 == 0)
                {
                    clock.Check();
                }

                if (!tiff.ReadScanline(row, 0, y, (short)plane))
                {
                    throw Corrupt();
                }

                samples.Convert(row, plane, rgba.Slice(y * page.Width * 4, page.Width * 4));
            }
        }
    }

    private static void ReadTiles(Tiff tiff, TiffPage page, TiffSamples samples, Span<byte> rgba, DecodeClock clock)
    {
        int rowBytes = samples.RowBytes(page.TileWidth);
        byte[] tile = new byte[Math.Max(tiff.TileSize(), rowBytes * page.TileHeight)];
        for (int plane = 0; plane < samples.Planes; plane++)
        {
            for (int y = 0; y < page.Height; y += page.TileHeight)
            {
                for (int x = 0; x < page.Width; x += page.TileWidth)
                {
                    clock.Check();
                    if (tiff.ReadTile(tile, 0, x, y, 0, (short)plane) < 0)
                    {
                        throw Corrupt();
                    }

                    int columns = Math.Min(page.TileWidth, page.Width - x);
                    for (int row = 0; row < Math.Min(page.TileHeight, page.Height - y); row++)
                    {
                        samples.Convert(tile.AsSpan(row * rowBytes), plane, rgba.Slice((((y + row) * page.Width) + x) * 4, columns * 4));
                    }
                }
            }
        }
    }

    private static void ToSrgb(ReadOnlySpan<byte> profile, TiffPage page, Span<byte> rgba)
    {
        using SKColorSpace? space = SKColorSpace.CreateIcc(profile);
        if (space is null)
        {
            return; // A profile that does not parse changes nothing.
        }

        fixed (byte* start = rgba)
        {
            using var pixmap = new SKPixmap(new SKImageInfo(page.Width, page.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, space), (nint)start);
            pixmap.ReadPixels(SkiaCodec.PixelInfo(page.Width, page.Height, toSrgb: true), (nint)start, page.Width * 4);
        }
    }

    private static void CheckSum(List<TiffPage> pages, int samples, ImageLimits limits)
    {
        long sum = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            TiffPage page = pages[FrameSampling.IndexOf(sample, samples, pages.Count)];
            sum += (long)page.Width * page.Height;
        }

        if (sum > limits.MaxPixels)
        {
            throw ImageRejectedException.TooLarge(ImageFormat.Tiff, $"{samples} sampled pages have {sum} pixels; the limit is {limits.MaxPixels} (ImageLimits.MaxPixels; fewer ImageDecodeOptions.MaxSampledFrames take less)");
        }
    }

    private static ImageRejectedException Corrupt() => ImageRejectedException.Corrupt(ImageFormat.Tiff, QuietTiffErrors.Message.TrimEnd('.'));
}
