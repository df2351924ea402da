namespace SafeVision.Evaluation.Symbols.Icons;

/// <summary>Icons of one hand, with what their licence asks to be said.</summary>
internal sealed class IconSet
{
    public required string Prefix { get; init; } // what ids begin with elsewhere: noto of noto:dog
    public required string Name { get; init; }
    public string Version { get; init; } = ""; // the version of the npm package; empty where unknown
    public string Author { get; init; } = ""; // who drew it
    public string Url { get; init; } = ""; // where it comes from
    public string License { get; init; } = ""; // the licence's SPDX id; empty where the file does not say
    public required IReadOnlyDictionary<string, Icon> Icons { get; init; }
}

/// <summary>One drawing of a set.</summary>
/// <param name="Body">The markup inside its svg element.</param>
internal sealed record Icon(string Set, string Id, string Body, float Width, float Height);

/// <summary>Reads the icons.json of an @iconify-json package: prefix, default size, icons and aliases.</summary>
internal static class IconSetReader
{
    public const int MostBytes = 64 * 1024 * 1024; // the most bytes a file may have. The largest public set has 25 MB.

    private const int LongestChain = 8;
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 16 };

    /// <summary>Reads a set from a file of the user's; its licence from the info.json beside it, where there is one.</summary>
    /// <exception cref="EvaluationException">It is too large or no icon set; the message says what is wrong with it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static IconSet ReadFile(string path)
    {
        byte[] bytes = ReadBytes(path);
        string info = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "info.json");
        return Read(bytes, path, File.Exists(info) ? ReadBytes(info) : null);
    }

    /// <summary>Reads a set from the bytes of icons.json.</summary>
    /// <exception cref="EvaluationException">It is no icon set.</exception>
    public static IconSet Read(ReadOnlyMemory<byte> json, string source, ReadOnlyMemory<byte>? info = null)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_options);
            using JsonDocument? about = info is { } bytes ? JsonDocument.Parse(bytes, s_options) : null;
            return Read(document.RootElement, about?.RootElement, source);
        }
        catch (JsonException exception)
        {
            throw new EvaluationException($"{source} is no JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // A property of another kind than an icon set has, such as a number for a name.
            throw new EvaluationException($"{source} is no icon set of iconify's form: {exception.Message}", exception);
        }
    }

    private static IconSet Read(JsonElement root, JsonElement? about, string source)
    {
        if (root.ValueKind != JsonValueKind.Object || Text(root, "prefix") is not { Length: > 0 and <= 100 } prefix || !root.TryGetProperty("icons", out JsonElement icons))
        {
            throw new EvaluationException($"{source} is no icon set: it must be the icons.json of an @iconify-json package, with 'prefix' and 'icons'.");
        }

        float width = Size(root, "width", 16, source);
        float height = Size(root, "height", 16, source);
        var found = new Dictionary<string, Icon>(StringComparer.Ordinal);
        foreach (JsonProperty icon in icons.EnumerateObject())
        {
            string body = Text(icon.Value, "body") ?? throw new EvaluationException($"{source}: the icon '{SvgMarkup.Short(icon.Name)}' has no body.");
            (float left, float top) = (Size(icon.Value, "left", 0, source), Size(icon.Value, "top", 0, source));
            if (left != 0 || top != 0)
            {
                body = FormattableString.Invariant($"<g transform=\"translate({0 - left} {0 - top})\">{body}</g>");
            }

            found[icon.Name] = new Icon(prefix, icon.Name, body, Size(icon.Value, "width", width, source), Size(icon.Value, "height", height, source));
        }

        if (root.TryGetProperty("aliases", out JsonElement aliases))
        {
            AddAliases(found, aliases);
        }

        JsonElement information = about ?? (root.TryGetProperty("info", out JsonElement own) ? own : default);
        return new IconSet
        {
            Prefix = prefix,
            Name = Text(information, "name") ?? prefix,
            Version = Text(information, "version") ?? "",
            Author = Text(information, "author", "name") ?? "",
            Url = Text(information, "author", "url") ?? "",
            License = Text(information, "license", "spdx") ?? "",
            Icons = found,
        };
    }

    /// <summary>Adds other names of the same drawing. An alias that turns or moves it is left out: no symbol here needs one.</summary>
    private static void AddAliases(Dictionary<string, Icon> icons, JsonElement aliases)
    {
        foreach (JsonProperty alias in aliases.EnumerateObject())
        {
            string? parent = alias.Name;
            for (int link = 0; link < LongestChain && parent is not null && !icons.ContainsKey(parent); link++)
            {
                parent = aliases.TryGetProperty(parent, out JsonElement entry) && entry.EnumerateObject().All(property => property.Name is "parent" or "hidden")
                    ? Text(entry, "parent")
                    : null;
            }

            if (parent is not null && icons.TryGetValue(parent, out Icon? icon))
            {
                icons.TryAdd(alias.Name, icon);
            }
        }
    }

    private static string? Text(JsonElement element, string name, string? inner = null)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out JsonElement value))
        {
            return null;
        }

        return inner is null ? value.GetString() : Text(value, inner);
    }

    private static float Size(JsonElement element, string name, float missing, string source)
    {
        if (!element.TryGetProperty(name, out JsonElement value))
        {
            return missing;
        }

        bool isPosition = name is "left" or "top";
        return value.TryGetSingle(out float size) && MathF.Abs(size) <= SvgLimits.Coordinate && (isPosition || size > 0)
            ? size
            : throw new EvaluationException($"{source}: '{name}' must be a number of a drawing's size, but is '{SvgMarkup.Short(value.GetRawText())}'.");
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            byte[] bytes = RegularFile.ReadAllBytes(path, MostBytes);
            return RegularFile.IsAppleDouble(bytes) ? throw new EvaluationException($"'{path}' is {DatasetPaths.AppleDouble}.") : bytes;
        }
        catch (FileRefusedException refused) when (refused.Reason is not (FileRefusalReason.Missing or FileRefusalReason.Unreadable))
        {
            throw new EvaluationException(refused.Message, refused);
        }
    }
}

/// <summary>The files of Symbols/Data that the assembly carries.</summary>
internal static class EmbeddedData
{
    /// <summary>The prefixes of the icon sets, in the order in which they are listed.</summary>
    public static IReadOnlyList<string> Sets { get; } =
        ["fluent-emoji-flat", "twemoji", "noto", "mdi", "game-icons", "healthicons", "simple-icons", "logos"];

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
