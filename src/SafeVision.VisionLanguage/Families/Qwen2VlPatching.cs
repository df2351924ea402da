namespace SafeVision.VisionLanguage.Families;

/// <summary>The numbers and marks of Qwen2-VL's preprocessing.</summary>
internal sealed record Qwen2VlPatching
{
    /// <summary>A patch's side in pixels.</summary>
    public required int Patch { get; init; }

    /// <summary>How many frames a patch spans; a still picture is all of them.</summary>
    public required int Frames { get; init; }

    /// <summary>Patches along a side of the square that becomes one token.</summary>
    public required int Merge { get; init; }

    /// <summary>The fewest pixels of a resized picture.</summary>
    public required int LeastPixels { get; init; }

    /// <summary>The most pixels of a resized picture.</summary>
    public required int MostPixels { get; init; }

    /// <summary>The image token's text.</summary>
    public string ImageMark { get; init; } = "<|image_pad|>";

    /// <summary>The side in pixels of what becomes one token.</summary>
    public int Factor => Patch * Merge;

    /// <summary>Floats of a patch.</summary>
    public int PatchLength => 3 * Frames * Patch * Patch;
}
