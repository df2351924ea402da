namespace SafeVision.Imaging;

/// <summary>The resize of a <see cref="PreprocessingRecipe"/>.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PreprocessingResize
{
    /// <summary>What becomes of the aspect ratio. Default: <see cref="ResizeMode.Exact"/>.</summary>
    [JsonPropertyName("mode")]
    public ResizeMode Mode { get; init; }

    /// <summary>The size in pixels of both sides, or of the shorter one: 1 to 4096.</summary>
    [JsonPropertyName("size")]
    public required int Size { get; init; }

    /// <summary>The kernel.</summary>
    [JsonPropertyName("filter")]
    public required PreprocessingFilter Filter { get; init; }

    /// <summary>How the longer side is rounded. Default: <see cref="ResizeRounding.Round"/>.</summary>
    [JsonPropertyName("rounding")]
    public ResizeRounding Rounding { get; init; }

    /// <summary>The size of a resized view.</summary>
    internal (int Width, int Height) Target(int width, int height)
    {
        if (Mode == ResizeMode.Exact)
        {
            return (Size, Size);
        }

        int shortest = Math.Min(width, height);
        return (Scale(width, shortest), Scale(height, shortest));
    }

    private int Scale(int side, int shortest) => Rounding == ResizeRounding.Truncate
        ? (int)((long)Size * side / shortest)
        : (int)Math.Round(side * (Size / (double)shortest), MidpointRounding.ToEven);
}

/// <summary>How a <see cref="PreprocessingRecipe"/> resizes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PreprocessingFilter>))]
public enum PreprocessingFilter
{
    /// <summary><see cref="ResampleFilter.Nearest"/> on bytes.</summary>
    [JsonStringEnumMemberName("nearest")]
    Nearest,

    /// <summary><see cref="ResampleFilter.Box"/> on bytes.</summary>
    [JsonStringEnumMemberName("box")]
    Box,

    /// <summary><see cref="ResampleFilter.Bilinear"/> on bytes.</summary>
    [JsonStringEnumMemberName("bilinear")]
    Bilinear,

    /// <summary><see cref="ResampleFilter.Hamming"/> on bytes.</summary>
    [JsonStringEnumMemberName("hamming")]
    Hamming,

    /// <summary><see cref="ResampleFilter.Bicubic"/> on bytes.</summary>
    [JsonStringEnumMemberName("bicubic")]
    Bicubic,

    /// <summary><see cref="ResampleFilter.Lanczos"/> on bytes.</summary>
    [JsonStringEnumMemberName("lanczos")]
    Lanczos,

    /// <summary>TensorFlow's <c>resizeBilinear</c> with <c>alignCorners</c>: on rescaled single-precision values, the corner pixels
    /// of source and target coincide, and nothing is smoothed, so an image that shrinks a lot aliases.</summary>
    [JsonStringEnumMemberName("bilinearAlignCorners")]
    BilinearAlignCorners,
}

/// <summary>What a <see cref="PreprocessingResize"/> makes of a view's aspect ratio.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResizeMode>))]
public enum ResizeMode
{
    /// <summary>Both sides become the size; the aspect ratio is lost.</summary>
    [JsonStringEnumMemberName("exact")]
    Exact,

    /// <summary>The shorter side becomes the size, the other one follows; a crop must come after.</summary>
    [JsonStringEnumMemberName("shortestSide")]
    ShortestSide,
}

/// <summary>How the longer side of a <see cref="ResizeMode.ShortestSide"/> resize becomes a whole number.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResizeRounding>))]
public enum ResizeRounding
{
    /// <summary>Python's <c>round(side * (size / shortest))</c>: to the nearest, halves to the even number.</summary>
    [JsonStringEnumMemberName("round")]
    Round,

    /// <summary>Python's <c>int(size * side / shortest)</c>, as in transformers and torchvision: cut off.</summary>
    [JsonStringEnumMemberName("truncate")]
    Truncate,
}
