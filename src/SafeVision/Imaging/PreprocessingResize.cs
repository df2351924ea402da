using System.Text.Json.Serialization;

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
