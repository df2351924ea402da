namespace SafeVision.VisionLanguage.Families;

/// <summary>What becomes of one picture: tiles, tokens and their place in the prompt.</summary>
internal sealed record ImagePlan
{
    /// <summary>The shape of this picture's <c>pixel_values</c>, such as [tiles, 3, side, side].</summary>
    public required IReadOnlyList<long> PixelShape { get; init; }

    /// <summary>How many image tokens the picture takes in the prompt.</summary>
    public required int Tokens { get; init; }

    /// <summary>What stands in the prompt in place of the image mark: the image token <see cref="Tokens"/> times, and what surrounds it.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// The part of the picture that each image token shows, in fractions of its width and height; tokens of a thumbnail, which
    /// shows everything once more, included.
    /// </summary>
    public required IReadOnlyList<TokenRegion> Regions { get; init; }

    /// <summary>Further integer inputs of the vision tower, such as <c>image_grid_thw</c>.</summary>
    public IReadOnlyList<ImageInput> Inputs { get; init; } = [];

    /// <summary>The picture's grid of image tokens (frames, rows, columns) where positions depend on it.</summary>
    public (int Frames, int Rows, int Columns)? Grid { get; init; }

    /// <summary>How many floats <see cref="PixelShape"/> holds.</summary>
    public int PixelCount
    {
        get
        {
            long count = 1;
            foreach (long size in PixelShape)
            {
                count = checked(count * size);
            }

            return checked((int)count);
        }
    }
}
