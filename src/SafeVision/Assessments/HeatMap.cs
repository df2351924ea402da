namespace SafeVision.Assessments;

/// <summary>A coarse grid over a part of the image: how much each cell speaks for the category. <see cref="Method"/> says how it was made.</summary>
public sealed record HeatMap
{
    /// <summary>Creates a heat map.</summary>
    /// <param name="width">Cells in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="values">Row by row, 0 (nothing) to 1 (strongest).</param>
    /// <param name="region">The part of the image that the grid covers.</param>
    /// <exception cref="ArgumentException">The sizes and the number of values do not fit.</exception>
    public HeatMap(int width, int height, IReadOnlyList<float> values, ImageBox region)
    {
        if (width < 1 || height < 1 || values.Count != width * height)
        {
            throw new ArgumentException($"A heat map of {width}x{height} cells needs {width * height} values, not {values.Count}.");
        }

        (Width, Height, Values, Region) = (width, height, values, region);
    }

    /// <summary>Cells in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Row by row, 0 (nothing) to 1 (strongest).</summary>
    public IReadOnlyList<float> Values { get; }

    /// <summary>The part of the image that the grid covers.</summary>
    public ImageBox Region { get; }

    /// <summary>How the map was made.</summary>
    public HeatMapMethod Method { get; init; }

    /// <summary>The smallest rectangle that holds every cell of at least half the strongest, in fractions of the image.</summary>
    public ImageBox Box()
    {
        (int left, int top, int right, int bottom) = (Width, Height, -1, -1);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                if (Values[(y * Width) + x] >= 0.5f)
                {
                    (left, top) = (Math.Min(left, x), Math.Min(top, y));
                    (right, bottom) = (Math.Max(right, x), Math.Max(bottom, y));
                }
            }
        }

        return right < 0
            ? Region
            : new ImageBox(
                Region.X + (Region.Width * left / Width),
                Region.Y + (Region.Height * top / Height),
                Region.Width * (right - left + 1) / Width,
                Region.Height * (bottom - top + 1) / Height);
    }

    /// <summary>Where the heat's centre of mass lies, in words: "the centre", "the upper left", "the right", ….</summary>
    public string Where()
    {
        double sum = 0, sumX = 0, sumY = 0;
        for (int i = 0; i < Values.Count; i++)
        {
            double weight = Values[i] * Values[i]; // squared, so that a faint background does not pull to the middle
            sum += weight;
            sumX += weight * ((i % Width) + 0.5) / Width;
            sumY += weight * ((i / Width) + 0.5) / Height;
        }

        if (sum <= 0)
        {
            return "the whole image";
        }

        double centreX = Region.X + (Region.Width * sumX / sum);
        double centreY = Region.Y + (Region.Height * sumY / sum);
        string vertical = centreY < 0.4 ? "upper" : centreY > 0.6 ? "lower" : "";
        string horizontal = centreX < 0.4 ? "left" : centreX > 0.6 ? "right" : "";
        return (vertical, horizontal) switch
        {
            ("", "") => "the centre",
            ("", _) => $"the {horizontal}",
            (_, "") => $"the {vertical} middle",
            _ => $"the {vertical} {horizontal}",
        };
    }
}

/// <summary>How a heat map was made.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<HeatMapMethod>))]
public enum HeatMapMethod
{
    /// <summary>The class-activation map of Zhou et al. (arXiv 1512.04150): exact for networks that end in global average pooling.</summary>
    ClassActivation = 0,

    /// <summary>Occlusion (Zeiler and Fergus, arXiv 1311.2901): by how much the score falls when a cell is covered.</summary>
    Occlusion = 1,
}

/// <summary>A rectangle in fractions of the upright image's width and height, origin at the top left.</summary>
/// <param name="X">The left edge, 0 to 1.</param>
/// <param name="Y">The top edge, 0 to 1.</param>
/// <param name="Width">The width, 0 to 1.</param>
/// <param name="Height">The height, 0 to 1.</param>
public readonly record struct ImageBox(double X, double Y, double Width, double Height)
{
    /// <summary>The whole image.</summary>
    public static ImageBox Whole { get; } = new(0, 0, 1, 1);
}
