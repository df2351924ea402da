namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>What a split has to draw with: things for each category, scenes that can be cast, harmless things.</summary>
internal sealed class SceneInventory
{
    private readonly Dictionary<string, SymbolThing[]> _alone;
    private readonly Dictionary<string, SceneRecipe[]> _scenes;
    private readonly Dictionary<string, SceneRecipe[]> _novelScenes;

    public SceneInventory(SymbolCatalogue catalogue, DatasetSplit split)
    {
        Split = split;
        Things = catalogue.In(split);
        Harmless = [.. Things.Where(thing => thing.IsHarmless)];
        Fillers = [.. Harmless.Where(thing => thing.Groups.Contains("filler"))];

        // A thing that only one of the policies is clear about would make an image whose truth is half known.
        SymbolThing[] clear = [.. Things.Where(thing => !thing.IsUnclear)];
        _alone = clear.SelectMany(thing => new[] { thing.Category, thing.NovelCategory }.OfType<string>().Select(category => (category, thing)))
            .GroupBy(pair => pair.category, pair => pair.thing)
            .ToDictionary(group => group.Key, group => group.ToArray());
        SceneRecipe[] possible = [.. catalogue.Scenes.Where(scene => scene.Parts.All(part => Things.Any(part.Takes)))];
        _scenes = possible.Where(scene => scene.Categories.Count > 0).GroupBy(scene => scene.Near).ToDictionary(group => group.Key, group => group.ToArray());

        // A harmless scene with a thing of a novel category in it, such as a syringe at the doctor's, is one of that category.
        SceneRecipe[] harmless = [.. possible.Where(scene => scene.Categories.Count == 0)];
        SymbolThing[] plain = [.. Things.Where(thing => thing.NovelCategory is null)];
        Decoys = [.. harmless.Where(scene => scene.Parts.All(part => plain.Any(part.Takes))).GroupBy(scene => scene.Near).Select(group => group.ToArray())];
        _novelScenes = harmless.Where(scene => scene.Parts.Any(part => !plain.Any(part.Takes)))
            .GroupBy(scene => Things.First(thing => thing.NovelCategory is not null && scene.Parts.Any(part => part.Takes(thing) && !plain.Any(part.Takes))).NovelCategory!)
            .ToDictionary(group => group.Key, group => group.ToArray());
        Categories = [.. SymbolBenchmark.KnownCategories.Where(category => _alone.ContainsKey(category) || _scenes.ContainsKey(category))];
    }

    public DatasetSplit Split { get; }
    public IReadOnlyList<SymbolThing> Things { get; } // the things that it may show
    public IReadOnlyList<SymbolThing> Harmless { get; } // those that nothing forbids
    public IReadOnlyList<SymbolThing> Fillers { get; } // those that may stand beside anything

    /// <summary>Harmless scenes, one list for each category that they must not be taken for.</summary>
    public IReadOnlyList<IReadOnlyList<SceneRecipe>> Decoys { get; }

    public IReadOnlyList<string> Categories { get; } // the categories that can be shown, in the order of the policies

    /// <summary>Things that fall under a category where they stand alone.</summary>
    public IReadOnlyList<SymbolThing> Alone(string category) => _alone.GetValueOrDefault(category, []);

    /// <summary>Scenes that fall under a category first of all; of novel ones, those whose parts do.</summary>
    public IReadOnlyList<SceneRecipe> Scenes(string category) => _scenes.GetValueOrDefault(category) ?? _novelScenes.GetValueOrDefault(category, []);
}
