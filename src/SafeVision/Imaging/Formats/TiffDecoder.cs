using BitMiracle.LibTiff.Classic;

namespace SafeVision.Imaging.Formats;

/// <summary>Decodes the pages of a TIFF: LibTiff.NET decompresses rows and tiles, the samples become colors here.</summary>
/// <remarks>Read by rows, never by whole strips: the library allocates a strip by its declared size.</remarks>
internal static class TiffDecoder
{
    public static DecodedImage Decode(ReadOnlyMemory<byte> file, List<TiffPage> pages, ImageDecodeOptions options, DecodeClock clock, bool hasStoredColors)
    {
        pages = Readable(pages, out int largest);
        int[] chosen = Choose(pages.Count, largest, options.MaxSampledFrames);
        CheckSum(pages, chosen, options.Limits);
        var frames = new List<ImageFrame>(chosen.Length);
        List<ImageFrame>? others = null;
        bool isDoubtful = false;
        QuietTiffErrors.Begin();
        try
        {
            using Tiff tiff = Tiff.ClientOpen("image", "rh", new object(), new TiffMemoryStream(file)) ?? throw Corrupt();
            foreach (int index in chosen)
            {
                clock.Check();
                frames.Add(DecodePage(tiff, file.Span, pages[index], index, chosen.Length, options, clock, hasStoredColors, ref others, ref isDoubtful));
            }
        }
        catch (Exception error)
        {
            frames.ForEach(frame => frame.Release());
            others?.ForEach(frame => frame.Release());
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
        return new DecodedImage(ImageFormat.Tiff, width, height, pages.Count, frames, others) { HasDoubtfulColors = isDoubtful };
    }

    // Beside the images lie thumbnails, masks and a sensor's raw samples. Those that are not read are left out where a larger
    // image is read, but a preview is never judged in the place of the image that it stands for.
    private static List<TiffPage> Readable(List<TiffPage> pages, out int largest)
    {
        List<TiffPage> readable = [.. pages.Where(TiffSamples.IsKnown)];
        TiffPage? best = readable.MaxBy(page => page.Area);
        foreach (TiffPage page in pages)
        {
            bool isAside = page.IsChild || page.Kind != 0;
            if (!TiffSamples.IsKnown(page) && !(isAside && page.Area <= best?.Area))
            {
                throw TiffSamples.Unsupported(page);
            }
        }

        largest = readable.IndexOf(best!);
        return readable;
    }

    private static int[] Choose(int pages, int largest, int most)
    {
        int samples = Math.Min(pages, most);
        int[] chosen = [.. Enumerable.Range(0, samples).Select(sample => FrameSampling.IndexOf(sample, samples, pages))];
        if (!chosen.Contains(largest))
        {
            chosen[Array.FindIndex(chosen, index => index > largest) is > 0 and var after ? after - 1 : 0] = largest;
        }

        return chosen;
    }

    private static ImageFrame DecodePage(
        Tiff tiff, ReadOnlySpan<byte> file, TiffPage page, int index, int chosen, ImageDecodeOptions options, DecodeClock clock, bool hasStoredColors,
        ref List<ImageFrame>? others, ref bool isDoubtful)
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
        if (!hasStoredColors && IccProfile.For(file[page.Profile], samples.ProfileKind) is { HasProfile: true } color)
        {
            ColorConversion conversion = ColorConversion.For(file[page.Profile], color.HasLookup);
            conversion.Apply(rgba.Span, page.Width, page.Height);
            isDoubtful |= conversion.IsDoubtful;
        }

        var writer = new UprightWriter(page.Width, page.Height, page.Orientation, samples.HasAlpha ? options.Background ?? RgbColor.White : null);
        if (samples.HasAlpha)
        {
            var stored = new StoredPixels(rgba.Span, page.Width * 4, page.Width, page.Height, page.Orientation);
            OtherRenderings.AddGrounds(ref others, index, TimeSpan.Zero, stored, canIgnoreAlpha: true, chosen, options);
        }

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

    private static void CheckSum(List<TiffPage> pages, int[] chosen, ImageLimits limits)
    {
        long sum = chosen.Sum(index => pages[index].Area);
        if (sum > limits.MaxPixels)
        {
            throw ImageRejectedException.TooLarge(ImageFormat.Tiff, $"{chosen.Length} sampled pages have {sum} pixels; the limit is {limits.MaxPixels} (ImageLimits.MaxPixels; fewer ImageDecodeOptions.MaxSampledFrames take less)");
        }
    }

    private static ImageRejectedException Corrupt() => ImageRejectedException.Corrupt(ImageFormat.Tiff, QuietTiffErrors.Message.TrimEnd('.'));
}
