using YamlDotNet.RepresentationModel;

namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>Reads symbols.yaml and scenes.yaml, which come with the library; a mistake in them is a defect of ours.</summary>
internal static class SymbolFiles
{
    private static readonly HashSet<string> s_ownKeys = ["name", "many", "keep", "t", "n", "groups"];

    /// <summary>The things that have a drawing in the sets.</summary>
    public static IReadOnlyList<SymbolThing> ReadThings(string yaml, SymbolSplits sets)
    {
        var things = new List<SymbolThing>();
        foreach (YamlMappingNode line in Lines(yaml, "things"))
        {
            string? novel = Text(line, "n");
            Symbol[] symbols =
            [
                .. line.Children.Where(pair => !s_ownKeys.Contains($"{pair.Key}"))
                    .SelectMany(pair => sets.Find($"{pair.Key}", $"{pair.Value}", novel is not null))
                    .DistinctBy(symbol => (symbol.Icon.Set, symbol.Icon.Body)),
            ];
            if (symbols.Length > 0)
            {
                string? category = Text(line, "t");
                things.Add(new SymbolThing
                {
                    Name = Text(line, "name")!,
                    IsMany = Text(line, "many") == "true",
                    KeepsColors = Text(line, "keep") == "true",
                    Category = category == "unclear" ? null : category,
                    IsUnclear = category == "unclear",
                    NovelCategory = novel,
                    Groups = (Text(line, "groups") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
                    Symbols = symbols,
                });
            }
        }

        return things;
    }

    public static IReadOnlyList<SceneRecipe> ReadScenes(string yaml) =>
    [
        .. Lines(yaml, "scenes").Select(line =>
        {
            string[] categories = line.Children.TryGetValue("t", out YamlNode? node) ? Items(node) : [];
            return new SceneRecipe
            {
                Name = Text(line, "name")!,
                Categories = categories,
                Near = Text(line, "near") ?? categories[0],
                Parts = [.. Items(line.Children["parts"]).Select(ScenePart.Parse)],
                Layout = Enum.Parse<SceneLayout>(Text(line, "layout")!, ignoreCase: true),
                Says = Text(line, "says") ?? "",
            };
        }),
    ];

    private static IEnumerable<YamlMappingNode> Lines(string yaml, string key)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ((YamlSequenceNode)((YamlMappingNode)stream.Documents[0].RootNode).Children[key]).Cast<YamlMappingNode>();
    }

    private static string? Text(YamlMappingNode line, string key) =>
        line.Children.TryGetValue(key, out YamlNode? node) ? ((YamlScalarNode)node).Value : null;

    private static string[] Items(YamlNode node) => node is YamlSequenceNode sequence
        ? [.. sequence.Select(item => ((YamlScalarNode)item).Value!)]
        : [((YamlScalarNode)node).Value!];
}

/// <summary>An image whose meaning is a relation: a line of scenes.yaml.</summary>
internal sealed record SceneRecipe
{
    public required string Name { get; init; } // what a breakdown of results groups by

    /// <summary>The categories that it falls under; empty: harmless.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The category that a harmless scene must not be taken for, or the first of <see cref="Categories"/>.</summary>
    public required string Near { get; init; }

    public required IReadOnlyList<ScenePart> Parts { get; init; }

    public required SceneLayout Layout { get; init; } // how the parts stand to each other

    /// <summary>The reference reason with {0}, {1}, … for the parts; empty for a harmless scene.</summary>
    public required string Says { get; init; }
}

/// <summary>What may be a part of a scene: the things of a group, or one thing.</summary>
/// <param name="Group">The group; empty where it is one thing.</param>
/// <param name="Without">Things of this group are not meant; empty: all are.</param>
/// <param name="Thing">The thing's name; empty where it is a group.</param>
internal sealed record ScenePart(string Group, string Without, string Thing)
{
    /// <summary>Whether a thing is meant.</summary>
    public bool Takes(SymbolThing thing) => Thing.Length > 0
        ? thing.Name == Thing
        : thing.Groups.Contains(Group) && !thing.Groups.Contains(Without);

    /// <summary>Reads <c>group</c>, <c>group -other</c> or <c>=name</c>.</summary>
    public static ScenePart Parse(string text) => text.Split(" -") switch
    {
        [['=', .. var name]] => new ScenePart("", "", name),
        [var group, var without] => new ScenePart(group, without, ""),
        _ => new ScenePart(text, "", ""),
    };
}

/// <summary>How the parts of a scene stand to each other.</summary>
internal enum SceneLayout
{
    Beside, // next to each other
    Over, // the second lies on the first
    Around, // the second surrounds the first
    Above, // the second hangs over the first
    Aimed, // the second is close at the first's side, as if held to it
}
