namespace SafeVision.Evaluation.Symbols.Icons;

/// <summary>The files of Symbols/Data that the assembly carries.</summary>
internal static class EmbeddedData
{
    /// <summary>The prefixes of the icon sets, in the order in which they are listed.</summary>
    public static IReadOnlyList<string> Sets { get; } =
        ["fluent-emoji-flat", "twemoji", "noto", "mdi", "game-icons", "healthicons", "simple-icons", "logos"];

    /// <summary>A text file.</summary>
    public static string ReadText(string name)
    {
        using var reader = new StreamReader(Open(name));
        return reader.ReadToEnd();
    }

    /// <summary>An icon set of the repository.</summary>
    public static IconSet ReadSet(string prefix)
    {
        using Stream stream = Open($"sets/{prefix}.json");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return IconSetReader.Read(bytes, prefix);
    }

    private static Stream Open(string name) =>
        typeof(EmbeddedData).Assembly.GetManifestResourceStream($"SafeVision.Evaluation.Symbols.Data/{name}") ?? throw new InvalidOperationException($"The assembly carries no {name}.");
}
