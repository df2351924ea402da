namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The styles of attention by the names that options give them.</summary>
internal static class AttentionStyles
{
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<AttentionStyle>().Select(NameOf)];

    /// <exception cref="CheckpointException">The name is not known; the message lists those that are.</exception>
    public static AttentionStyle Parse(string name) => Enum.GetValues<AttentionStyle>().Where(style => NameOf(style) == name) is var found && found.Any()
        ? found.First()
        : throw new CheckpointException($"'{name}' is no way to attend; these are: {string.Join(", ", Names)}.");

    private static string NameOf(AttentionStyle style) => style switch
    {
        AttentionStyle.Grouped => "grouped",
        _ => "standard",
    };
}
