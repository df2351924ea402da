namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>What a drawing may cost. Icons stay far below; a file that does not is hostile or no icon.</summary>
internal static class SvgLimits
{
    /// <summary>Characters of the whole markup.</summary>
    public const int Characters = 1_000_000;

    /// <summary>Elements inside each other, uses followed.</summary>
    public const int Depth = 32;

    /// <summary>Elements, each as often as it is used: references to references must not multiply without bound.</summary>
    public const int Elements = 4_000;

    /// <summary>Characters of one path.</summary>
    public const int PathCharacters = 200_000;

    /// <summary>Characters of all paths, each as often as it is used.</summary>
    public const int AllPathCharacters = 2_000_000;

    /// <summary>Stops of one gradient.</summary>
    public const int Stops = 256;

    /// <summary>The largest coordinate, either way; beyond it floats no longer tell pixels apart.</summary>
    public const float Coordinate = 1e5f;
}
