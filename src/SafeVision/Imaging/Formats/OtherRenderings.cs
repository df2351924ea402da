namespace SafeVision.Imaging.Formats;

/// <summary>What other viewers show of the same frame: on a dark page what hides on a light one, without an alpha that some
/// ignore, with colors as they are stored. Made only where it differs from what is judged anyway.</summary>
/// <remarks>They are for models, so they are made no larger than models need, and together no larger than one image may be.</remarks>
internal static class OtherRenderings
{
    private const int Cells = 16;
    private const int FaintAlpha = 5;
    private const int FaintChange = 16;

    /// <summary>The most frames that may be judged besides the sampled ones.</summary>
    public static int Most(ImageDecodeOptions options) => Math.Max(3, options.MaxSampledFrames);

    /// <summary>Adds what is seen on other grounds than the first.</summary>
    /// <param name="others">Where to add; made when there is something to add.</param>
    /// <param name="canIgnoreAlpha">Whether some viewers ignore the alpha.</param>
    /// <param name="frames">Frames of the image that are judged anyway: of many, each is judged on black only.</param>
    public static void AddGrounds(
        ref List<ImageFrame>? others, int index, TimeSpan timestamp, in StoredPixels pixels, bool canIgnoreAlpha, int frames, ImageDecodeOptions options)
    {
        if (!IsTransparent(pixels))
        {
            return;
        }

        FrameScale scale = FrameScale.ForOther(pixels.Width, pixels.Height, options);
        if (options.Background is null)
        {
            Add(ref others, ImageRendering.OnBlack, RgbColor.Black, pixels);
            if (frames * 2 <= Most(options))
            {
                Add(ref others, ImageRendering.OnGray, RgbColor.Gray, pixels);
            }
        }

        if (canIgnoreAlpha)
        {
            Add(ref others, ImageRendering.AlphaIgnored, null, pixels);
        }

        void Add(ref List<ImageFrame>? others, ImageRendering rendering, RgbColor? ground, in StoredPixels pixels)
        {
            if (!(others?.Count >= Most(options)))
            {
                (others ??= []).Add(scale.Render(index, timestamp, pixels, ground, rendering));
            }
        }
    }

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
    public static bool IsTransparent(in StoredPixels pixels)
    {
        (int width, int height) = (pixels.Width, pixels.Height);
        Span<long> missing = stackalloc long[Cells];
        int cellRows = (height + Cells - 1) / Cells;
        for (int top = 0; top < height; top += cellRows)
        {
            missing.Clear();
            int rows = Math.Min(cellRows, height - top);
            for (int y = top; y < top + rows; y++)
            {
                AddMissing(pixels.Row(y), missing);
            }

            for (int cell = 0; cell < Cells; cell++)
            {
                long most = (long)rows * (End(cell, width) - End(cell - 1, width));
                if (missing[cell] > FaintAlpha * most)
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
