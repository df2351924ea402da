namespace SafeVision.Evaluation.Symbols;

/// <summary>The text that must accompany images drawn from openly licensed icons.</summary>
internal static class SymbolAttribution
{
    private const string GameIconsAuthors =
        "Lorc, Delapouite, Skoll, Sbed, Aussiesim, Caro Asercion, DarkZaitzev, Andy Meneely, Carl Olsen, Cathelineau, John Colburn, Lord Berandas, Quoting, Seregacthtuf, sparker and Zajkonur";

    private static readonly Dictionary<string, string> s_authors = new()
    {
        ["game-icons"] = GameIconsAuthors,
        ["twemoji"] = "Twitter, Inc and other contributors",
    };

    private static readonly Dictionary<string, string> s_licenses = new()
    {
        ["Apache-2.0"] = "https://www.apache.org/licenses/LICENSE-2.0",
        ["CC-BY-3.0"] = "https://creativecommons.org/licenses/by/3.0/",
        ["CC-BY-4.0"] = "https://creativecommons.org/licenses/by/4.0/",
        ["CC-BY-SA-4.0"] = "https://creativecommons.org/licenses/by-sa/4.0/",
        ["CC0-1.0"] = "https://creativecommons.org/publicdomain/zero/1.0/",
        ["MIT"] = "https://opensource.org/license/mit",
    };

    /// <summary>What dataset.json says of a set.</summary>
    public static SymbolSetNotice Describe(IconSet set) =>
        new(set.Prefix, set.Name, set.Version, s_authors.GetValueOrDefault(set.Prefix, set.Author), set.Url, set.License);

    /// <summary>ATTRIBUTION.md.</summary>
    public static string Write(IReadOnlyList<SymbolSetNotice> sets)
    {
        var text = new StringBuilder("# Attribution\n\nThe images were composed by SafeVision (MIT) from icons of these sets. Icons were scaled, turned, mirrored, recoloured, and laid over each other.\n\n");
        foreach (SymbolSetNotice set in sets)
        {
            string author = set.Author.Length > 0 ? $" by {set.Author}" : "";
            string license = set.License.Length == 0
                ? "The file does not state its licence; find it out before you pass images on"
                : s_licenses.TryGetValue(set.License, out string? url) ? $"{set.License} ({url})" : set.License;
            text.Append($"- {set.Name}{author}{(set.Url.Length > 0 ? $", {set.Url}" : "")}{(set.Version.Length > 0 ? $", npm package @iconify-json/{set.Prefix} {set.Version}" : "")}. {license}.\n");
        }

        text.Append("\nLogos of social networks are trade marks of their owners and stand for \"a logo of a social network\" only; no endorsement is meant.\n");
        if (sets.Any(set => set.License.Contains("-SA-", StringComparison.Ordinal)))
        {
            text.Append("\nA set here is share-alike: images made from it may only be passed on under its licence.\n");
        }

        return text.ToString();
    }
}

/// <summary>An icon set that images were drawn from, and its licence.</summary>
internal sealed record SymbolSetNotice(string Prefix, string Name, string Version, string Author, string Url, string License);
