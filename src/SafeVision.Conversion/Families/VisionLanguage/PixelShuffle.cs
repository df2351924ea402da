namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>
/// Joins each square of neighbouring picture tokens to one token of all their numbers (Shi et al., arXiv 1609.05158, the
/// other way round), row by row within the square.
/// </summary>
/// <param name="Grid">Tokens along a side, before.</param>
/// <param name="Factor">Tokens along a square's side.</param>
/// <param name="IsTransposed">Whether the squares follow each other column by column, as in the first version of InternVL.</param>
internal sealed record PixelShuffle(int Grid, int Factor, bool IsTransposed)
{
    /// <summary>Tokens of a picture, afterwards.</summary>
    public int Tokens => Grid / Factor * (Grid / Factor);

    /// <summary>[pictures, grid · grid, width] → [pictures, tokens, factor · factor · width].</summary>
    public string Write(TransformerGraph blocks, string x, int width)
    {
        string squares = blocks.Reshape("shuffle/squares", x, 0, Grid / Factor, Factor, Grid / Factor, Factor, width);
        string ordered = IsTransposed ? blocks.Transpose("shuffle/ordered", squares, 0, 3, 1, 2, 4, 5) : blocks.Transpose("shuffle/ordered", squares, 0, 1, 3, 2, 4, 5);
        return blocks.Reshape("shuffle", ordered, 0, Tokens, (long)Factor * Factor * width);
    }

    /// <summary>The same plainly, for one picture.</summary>
    public float[] Compute(ReadOnlySpan<float> tokens, int width)
    {
        float[] joined = new float[tokens.Length];
        int parts = Factor * Factor;
        for (int i = 0; i < Tokens * parts; i++)
        {
            (int token, int part) = Math.DivRem(i, parts);
            (int row, int column) = Math.DivRem(token, Grid / Factor);
            if (IsTransposed)
            {
                (row, column) = (column, row);
            }

            int source = (((row * Factor) + (part / Factor)) * Grid) + (column * Factor) + (part % Factor);
            tokens.Slice(source * width, width).CopyTo(joined.AsSpan(i * width));
        }

        return joined;
    }
}
