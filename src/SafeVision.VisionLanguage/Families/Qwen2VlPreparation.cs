namespace SafeVision.VisionLanguage.Families;

/// <summary>The numbers and marks of Qwen2-VL's preprocessing.</summary>
internal sealed record Qwen2VlPatching
{
    /// <summary>A patch's side in pixels.</summary>
    public required int Patch { get; init; }

    /// <summary>How many frames a patch spans; a still image is all of them.</summary>
    public required int Frames { get; init; }

    /// <summary>Patches along a side of the square that becomes one token.</summary>
    public required int Merge { get; init; }

    /// <summary>The fewest pixels of a resized image.</summary>
    public required int LeastPixels { get; init; }

    /// <summary>The most pixels of a resized image.</summary>
    public required int MostPixels { get; init; }

    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "<|image_pad|>";

    /// <summary>The side in pixels of what becomes one token.</summary>
    public int Factor => Patch * Merge;

    /// <summary>Floats of a patch.</summary>
    public int PatchLength => 3 * Frames * Patch * Patch;
}

/// <summary>Smart resize: both sides become multiples of what one token shows, with the number of pixels between two
/// bounds and about the same aspect ratio; the patches of the squares that become a token stand together
/// (<c>image_processing_qwen2_vl.py</c> of transformers).</summary>
internal sealed class Qwen2VlPreparation(Qwen2VlPatching patching, ChannelTables normalisation, ResampleFilter filter) : IImagePreparation
{
    private const int MostElongated = 200;

    private readonly ImagePlanCache _plans = new();

    /// <summary>The image token's text.</summary>
    public string ImageMark => patching.ImageMark;

    public int ShortSide => (int)Math.Ceiling(Math.Sqrt(patching.MostPixels));

    public int MaximumTokens => MostTokens(patching);

    /// <summary>The most tokens of an image of any size: those of the bounds, or those of the most elongated image,
    /// which is one token wide however few pixels it should have.</summary>
    public static int MostTokens(Qwen2VlPatching patching)
    {
        double squares = (double)patching.Factor * patching.Factor, least = patching.LeastPixels / squares, most = patching.MostPixels / squares;
        double grown = (Math.Sqrt(least * MostElongated) + 1) * (Math.Sqrt(least / MostElongated) + 1);
        return (int)Math.Ceiling(Math.Max(Math.Max(most, Math.Sqrt(most * MostElongated)), grown));
    }

    public ImagePlan Plan(int width, int height)
    {
        (int resizedWidth, int resizedHeight) = Resized(width, height);
        return _plans.Get(resizedWidth / patching.Patch, resizedHeight / patching.Patch, CreatePlan);
    }

    public void Write(ImageFrame frame, ImagePlan plan, Span<float> pixels)
    {
        (int width, int height) = Resized(frame.Width, frame.Height);
        int columns = width / patching.Patch, rows = height / patching.Patch;
        ImageBudget.RequireLength(frame, columns * rows * patching.PatchLength, plan, pixels);

        var source = new PackedPixels(frame);
        var sink = new PatchSink(patching, normalisation, pixels, columns);
        ReferenceResize.Run(source, width, height, filter, ref sink);
    }

    public (int Width, int Height) Resized(int width, int height)
    {
        // The reference refuses what is more elongated; here it is squeezed, so that no shape of an image keeps it from being judged.
        width = (int)Math.Min(width, (long)height * MostElongated);
        height = (int)Math.Min(height, (long)width * MostElongated);

        double factor = patching.Factor, area = (double)width * height;
        double newWidth = Math.Round(width / factor) * factor, newHeight = Math.Round(height / factor) * factor;
        if (newWidth * newHeight > patching.MostPixels)
        {
            double shrink = Math.Sqrt(area / patching.MostPixels);
            newWidth = Math.Max(factor, Math.Floor(width / shrink / factor) * factor);
            newHeight = Math.Max(factor, Math.Floor(height / shrink / factor) * factor);
        }
        else if (newWidth * newHeight < patching.LeastPixels)
        {
            double grow = Math.Sqrt(patching.LeastPixels / area);
            newWidth = Math.Ceiling(width * grow / factor) * factor;
            newHeight = Math.Ceiling(height * grow / factor) * factor;
        }

        return ((int)newWidth, (int)newHeight);
    }

    private ImagePlan CreatePlan(int columns, int rows)
    {
        int tokenColumns = columns / patching.Merge, tokenRows = rows / patching.Merge;
        return new ImagePlan
        {
            PixelShape = [rows * columns, patching.PatchLength],
            Tokens = tokenColumns * tokenRows,
            Text = string.Concat(Enumerable.Repeat(patching.ImageMark, tokenColumns * tokenRows)),
            Regions = new TileRegions(tokenColumns, tokenRows, 1),
            Inputs = [new ImageInput(["image_grid_thw", "grid_thw"], [1, 3], [1, rows, columns])],
            Grid = (1, tokenRows, tokenColumns),
        };
    }

    /// <summary>Puts rows of pixels into their patches, each [3, frames, patch, patch].</summary>
    private readonly ref struct PatchSink(Qwen2VlPatching patching, ChannelTables tables, Span<float> patches, int columns) : IResampleRowSink
    {
        private readonly Span<float> _patches = patches;

        public void Write(int row, ReadOnlySpan<byte> pixels)
        {
            int side = patching.Patch, merge = patching.Merge, plane = side * side, channel = patching.Frames * plane;
            (int patchRow, int y) = Math.DivRem(row, side);
            for (int column = 0; column < columns; column++)
            {
                // Of a row of merged squares, square after square, each row by row: [columns / merge, merge, merge].
                int square = ((patchRow / merge * (columns / merge)) + (column / merge)) * merge * merge;
                int index = square + (patchRow % merge * merge) + (column % merge);
                Span<float> patch = _patches.Slice(index * patching.PatchLength, patching.PatchLength);
                Span<float> red = patch.Slice(y * side, side), green = patch.Slice(channel + (y * side), side), blue = patch.Slice((2 * channel) + (y * side), side);
                tables.Normalise(pixels.Slice(column * side * 3, side * 3), red, green, blue);
                for (int frame = 1; frame < patching.Frames; frame++)
                {
                    int offset = (frame * plane) + (y * side);
                    red.CopyTo(patch[offset..]);
                    green.CopyTo(patch[(channel + offset)..]);
                    blue.CopyTo(patch[((2 * channel) + offset)..]);
                }
            }
        }
    }
}

/// <summary>Positions in time, row and column: an image's tokens stand at their place in its grid, from where the text
/// before it ends, and the text goes on after the largest of them (<c>get_rope_index</c> of transformers'
/// Qwen2-VL).</summary>
internal sealed class MultimodalPositions : IPositionScheme
{
    public static MultimodalPositions Shared { get; } = new();

    public int Rows => 3;

    public void Write(TokenSequence tokens, int start, Span<long> positions)
    {
        int count = positions.Length / 3, end = start + count;
        Span<long> times = positions[..count], rows = positions[count..(2 * count)], columns = positions[(2 * count)..];
        int token = 0;
        long next = 0;
        foreach (ImageSpan image in tokens.Images)
        {
            if (image.Start >= end)
            {
                break;
            }

            Text(image.Start, times, rows, columns);
            if (image.Plan.Grid is not { } grid)
            {
                continue;
            }

            for (int i = Math.Max(start, image.Start); i < Math.Min(end, image.End); i++)
            {
                (int frame, int place) = Math.DivRem(i - image.Start, grid.Rows * grid.Columns);
                times[i - start] = next + frame;
                rows[i - start] = next + (place / grid.Columns);
                columns[i - start] = next + (place % grid.Columns);
            }

            token = image.End;
            next += Math.Max(grid.Frames, Math.Max(grid.Rows, grid.Columns));
        }

        Text(end, times, rows, columns);

        void Text(int to, Span<long> times, Span<long> rows, Span<long> columns)
        {
            for (int i = Math.Max(start, token); i < Math.Min(end, to); i++)
            {
                times[i - start] = rows[i - start] = columns[i - start] = next + i - token;
            }

            next += Math.Max(to - token, 0);
            token = Math.Max(to, token);
        }
    }
}
