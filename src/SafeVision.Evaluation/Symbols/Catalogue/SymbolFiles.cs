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

    /// <summary>The scenes.</summary>
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
