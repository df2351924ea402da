using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>All things with their drawings, all scenes, and the sets that they come from.</summary>
internal sealed class SymbolCatalogue
{
    /// <summary>The things, in the order of symbols.yaml.</summary>
    public required IReadOnlyList<SymbolThing> Things { get; init; }

    /// <summary>The scenes, in the order of scenes.yaml.</summary>
    public required IReadOnlyList<SceneRecipe> Scenes { get; init; }

    /// <summary>The sets of the drawings.</summary>
    public required IReadOnlyList<IconSet> Sets { get; init; }

    /// <summary>The set of the letters, which is one of the library's even where the other drawings are the user's.</summary>
    public required IconSet LetterSet { get; init; }

    /// <summary>The letters and digits that words are drawn with, so that no font of the machine plays a part.</summary>
    public required IReadOnlyDictionary<char, Icon> Letters { get; init; }

    /// <summary>The catalogue with the icon sets that come with the library.</summary>
    /// <param name="own">A set of the user's that is drawn from instead of all others; every drawing of it is for testing. Null: none.</param>
    /// <exception cref="SymbolException">The user's set has none of the ids that symbols.yaml names.</exception>
    public static SymbolCatalogue Load(IconSet? own = null)
    {
        IconSet letters = EmbeddedData.ReadSet("mdi");
        IReadOnlyList<IconSet> sets = own is null ? [.. EmbeddedData.Sets.Select(prefix => prefix == "mdi" ? letters : EmbeddedData.ReadSet(prefix))] : [own];
        var catalogue = new SymbolCatalogue
        {
            Things = SymbolFiles.ReadThings(EmbeddedData.ReadText("symbols.yaml"), new SymbolSplits(sets, own is not null)),
            Scenes = SymbolFiles.ReadScenes(EmbeddedData.ReadText("scenes.yaml")),
            Sets = sets,
            LetterSet = letters,
            Letters = "abcdefghijklmnopqrstuvwxyz".Select(letter => (letter, $"alpha-{letter}"))
                .Concat("0123456789".Select(digit => (digit, $"numeric-{digit}")))
                .ToDictionary(pair => char.ToUpperInvariant(pair.Item1), pair => letters.Icons[pair.Item2]),
        };
        return own is null || catalogue.Things.Count > 0
            ? catalogue
            : throw new SymbolException($"The icon set '{own.Prefix}' has none of the ids that are looked for; an emoji set with iconify's names, such as openmoji, has.");
    }

    /// <summary>The things that a split may show, with the drawings that it may show.</summary>
    public IReadOnlyList<SymbolThing> In(DatasetSplit split) => [.. Things.Select(thing => thing.In(split)).OfType<SymbolThing>()];
}
