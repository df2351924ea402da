namespace SafeVision.Imaging.Formats;

/// <summary>What other viewers show of the same frame: on a dark page what hides on a light one, without an alpha that some
/// ignore, with colors as they are stored. Made only where it differs from what is judged anyway.</summary>
/// <remarks>They are for models, so they are made no larger than models need, and together no larger than one image may be.</remarks>
internal static class OtherRenderings
{
    private const int Cells = 16;
    private const int FaintAlpha = 5;
    private const int FaintChange = 16;

    /// <summary>Writes the upright image on a ground; null: as if there were no alpha.</summary>
    public delegate void Renderer(RgbColor? ground, Span<byte> rgb);

    /// <summary>The most frames that may be judged besides the sampled ones.</summary>
    public static int Most(ImageDecodeOptions options) => Math.Max(3, options.MaxSampledFrames);

    /// <summary>Adds what is seen on other grounds than the first.</summary>
    /// <param name="others">Where to add; made when there is something to add.</param>
    /// <param name="stride">Bytes of a stored row.</param>
    /// <param name="size">Stored columns and rows.</param>
    /// <param name="canIgnoreAlpha">Whether some viewers ignore the alpha.</param>
    /// <param name="frames">Frames of the image that are judged anyway: of many, each is judged on black only.</param>
    public static void AddGrounds(
        ref List<ImageFrame>? others, in FramePlace frame, ReadOnlySpan<byte> rgba, int stride, (int Width, int Height) size, bool canIgnoreAlpha, int frames, ImageDecodeOptions options, Renderer render)
    {
        if (!IsTransparent(rgba, stride, size.Width, size.Height))
        {
            return;
        }

        if (options.Background is null)
        {
            Add(ref others, frame, ImageRendering.OnBlack, RgbColor.Black, options, render);
            if (frames * 2 <= Most(options))
            {
                Add(ref others, frame, ImageRendering.OnGray, RgbColor.Gray, options, render);
            }
        }

        if (canIgnoreAlpha)
        {
            Add(ref others, frame, ImageRendering.AlphaIgnored, null, options, render);
        }
    }

    /// <summary>The same for a frame whose pixels, four bytes each, stand row behind row and are turned upright by its orientation.</summary>
    public static void AddGrounds(
        ref List<ImageFrame>? others, in FramePlace frame, PixelBuffer rgba, (int Width, int Height) size, Orientation orientation, bool canIgnoreAlpha, int frames, ImageDecodeOptions options) =>
        AddGrounds(
            ref others, frame, rgba.Span, size.Width * 4, size, canIgnoreAlpha, frames, options,
            (ground, rgb) => new UprightWriter(size.Width, size.Height, orientation, ground).Write(rgba.Span, size.Width * 4, 0, rgb));

    /// <summary>Moves those frames of an image decoded with colors as stored that differ from its own to it, and disposes the rest.</summary>
    public static DecodedImage WithStoredColors(DecodedImage image, DecodedImage stored)
    {
        using (stored)
        {
            var others = new List<ImageFrame>(image.OtherRenderings);
            for (int i = 0; i < Math.Min(image.Frames.Count, stored.Frames.Count); i++)
            {
                if (Differ(image.Frames[i], stored.Frames[i]))
                {
                    others.Add(stored.Frames[i].MoveTo(ImageRendering.ColorsAsStored));
                }
            }

            return new DecodedImage(image.Format, image.Width, image.Height, image.FrameCount, image.Frames, others);
        }
    }

    /// <summary>Whether a part of the image, as small as a sixteenth of its width and height, lets the ground through.</summary>
    public static bool IsTransparent(ReadOnlySpan<byte> rgba, int stride, int width, int height)
    {
        Span<long> missing = stackalloc long[Cells];
        int cellRows = (height + Cells - 1) / Cells;
        for (int top = 0; top < height; top += cellRows)
        {
            missing.Clear();
            int rows = Math.Min(cellRows, height - top);
            for (int y = top; y < top + rows; y++)
            {
                AddMissing(rgba.Slice(y * stride, width * 4), missing);
            }

            for (int cell = 0; cell < Cells; cell++)
            {
                long pixels = (long)rows * (End(cell, width) - End(cell - 1, width));
                if (missing[cell] > FaintAlpha * pixels)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void AddMissing(ReadOnlySpan<byte> row, Span<long> missing)
    {
        if (IsOpaque(row))
        {
            return;
        }

        int pixels = row.Length / 4;
        for (int cell = 0; cell < Cells; cell++)
        {
            long sum = 0;
            for (int x = End(cell - 1, pixels); x < End(cell, pixels); x++)
            {
                sum += 255 - row[(x * 4) + 3];
            }

            missing[cell] += sum;
        }
    }

    private static bool IsOpaque(ReadOnlySpan<byte> row)
    {
        ReadOnlySpan<Vector128<byte>> blocks = MemoryMarshal.Cast<byte, Vector128<byte>>(row);
        Vector128<byte> all = Vector128<byte>.AllBitsSet;
        foreach (Vector128<byte> block in blocks)
        {
            all &= block;
        }

        bool isOpaque = (all.AsUInt32() & Vector128.Create(BitConverter.IsLittleEndian ? 0xFF000000 : 0xFF)) == Vector128.Create(BitConverter.IsLittleEndian ? 0xFF000000 : 0xFF);
        for (int i = (blocks.Length * 16) + 3; i < row.Length && isOpaque; i += 4)
        {
            isOpaque = row[i] == 255;
        }

        return isOpaque;
    }

    private static int End(int cell, int pixels) => (int)((cell + 1L) * pixels / Cells);

    private static void Add(ref List<ImageFrame>? others, in FramePlace place, ImageRendering rendering, RgbColor? ground, ImageDecodeOptions options, Renderer render)
    {
        if (others?.Count >= Most(options))
        {
            return;
        }

        PixelBuffer pixels = PixelBuffer.Rent(place.Width * place.Height * 3);
        ImageFrame frame;
        try
        {
            render(ground, pixels.Span);
            frame = FrameScale.ForOther(place.Width, place.Height, options).Reduce(place, pixels, rendering);
        }
        catch
        {
            ((IDisposable)pixels).Dispose();
            throw;
        }

        (others ??= []).Add(frame);
    }

    private static bool Differ(ImageFrame one, ImageFrame other)
    {
        if (one.Width != other.Width || one.Height != other.Height)
        {
            return true;
        }

        Span<long> change = stackalloc long[Cells];
        int cellRows = (one.Height + Cells - 1) / Cells;
        for (int top = 0; top < one.Height; top += cellRows)
        {
            change.Clear();
            int rows = Math.Min(cellRows, one.Height - top);
            for (int y = top; y < top + rows; y++)
            {
                for (int cell = 0; cell < Cells; cell++)
                {
                    int from = (y * one.Width) + End(cell - 1, one.Width), to = (y * one.Width) + End(cell, one.Width);
                    change[cell] += Distance(one.Pixels[(from * 3)..(to * 3)], other.Pixels[(from * 3)..(to * 3)]);
                }
            }

            for (int cell = 0; cell < Cells; cell++)
            {
                if (change[cell] > FaintChange * 3L * rows * (End(cell, one.Width) - End(cell - 1, one.Width)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The sum of the differences of all bytes.</summary>
    public static long Distance(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        long sum = 0;
        for (int i = 0; i < one.Length; i++)
        {
            sum += Math.Abs(one[i] - other[i]);
        }

        return sum;
    }
}

/// <summary>Which frame of the file it is, when it is shown, and its upright size.</summary>
internal readonly record struct FramePlace(int Index, TimeSpan Timestamp, int Width, int Height);
