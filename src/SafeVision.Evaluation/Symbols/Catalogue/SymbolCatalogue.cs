namespace SafeVision.Evaluation.Symbols.Catalogue;

/// <summary>All things with their drawings, all scenes, and the sets that they come from.</summary>
internal sealed class SymbolCatalogue
{
    public required IReadOnlyList<SymbolThing> Things { get; init; } // the things, in the order of symbols.yaml
    public required IReadOnlyList<SceneRecipe> Scenes { get; init; } // the scenes, in the order of scenes.yaml
    public required IReadOnlyList<IconSet> Sets { get; init; } // the sets of the drawings

    /// <summary>The set of the letters, which is one of the library's even where the other drawings are the user's.</summary>
    public required IconSet LetterSet { get; init; }

    /// <summary>The letters and digits that words are drawn with, so that no font of the machine plays a part.</summary>
    public required IReadOnlyDictionary<char, Icon> Letters { get; init; }

    /// <summary>The catalogue with the icon sets that come with the library.</summary>
    /// <param name="own">A set of the user's that is drawn from instead of all others; every drawing of it is for testing. Null: none.</param>
    /// <exception cref="EvaluationException">The user's set has none of the ids that symbols.yaml names.</exception>
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
            : throw new EvaluationException($"The icon set '{own.Prefix}' has none of the ids that are looked for; an emoji set with iconify's names, such as openmoji, has.");
    }

    /// <summary>The things that a split may show, with the drawings that it may show.</summary>
    public IReadOnlyList<SymbolThing> In(DatasetSplit split) => [.. Things.Select(thing => thing.In(split)).OfType<SymbolThing>()];
}

/// <summary>What symbols show: a line of symbols.yaml with its drawings.</summary>
internal sealed record SymbolThing
{
    public required string Name { get; init; } // a noun without article
    public bool IsMany { get; init; } // whether the noun is a plural
    public bool KeepsColors { get; init; } // whether it is known by its colours, which then never change
    public string? Category { get; init; } // its category among the nine where it stands alone; null: harmless
    public bool IsUnclear { get; init; } // whether alone it is neither clearly harmful nor clearly harmless by the nine
    public string? NovelCategory { get; init; } // its category among the novel ones; null: none
    public required IReadOnlySet<string> Groups { get; init; } // what scenes ask for
    public required IReadOnlyList<Symbol> Symbols { get; init; }

    /// <summary>Whether nothing forbids it where it stands alone.</summary>
    public bool IsHarmless => Category is null && NovelCategory is null && !IsUnclear;

    /// <summary>The name with its article: "a wolf trap", "an axe", "handcuffs".</summary>
    public string WithArticle => IsMany ? Name : $"{Article} {Name}";

    // By sound: an X-ray image, but a euro sign.
    private string Article => "aeiouAEIOUX".Contains(Name[0], StringComparison.Ordinal) && !Name.StartsWith("eu", StringComparison.Ordinal) ? "an" : "a";

    /// <summary>The same thing with the drawings of one split only; null where it has none.</summary>
    public SymbolThing? In(DatasetSplit split)
    {
        Symbol[] own = [.. Symbols.Where(symbol => symbol.Split == split)];
        return own.Length == 0 ? null : this with { Symbols = own };
    }
}

/// <summary>A drawing of a thing, and the split that may show it.</summary>
internal sealed record Symbol(Icon Icon, DatasetSplit Split);

/// <summary>Finds the drawings that a line of symbols.yaml names, and says which split each belongs to.</summary>
/// <param name="isOwn">Whether they are the user's: then all is for testing, and every list of ids is looked up in them.</param>
internal sealed class SymbolSplits(IReadOnlyList<IconSet> sets, bool isOwn)
{
    private static readonly string[] s_emoji = ["fluent-emoji-flat", "twemoji", "noto"];

    /// <summary>The drawings of one list.</summary>
    /// <param name="key">The list's key: emoji, or a set's prefix.</param>
    /// <param name="ids">Ids between blanks, with ! for testing and ? for validating.</param>
    /// <param name="isNovel">Whether the thing has a novel category, and so stands in test images only.</param>
    public IEnumerable<Symbol> Find(string key, string ids, bool isNovel)
    {
        foreach (string marked in ids.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string id = marked.TrimEnd('!', '?');
            foreach (IconSet set in sets.Where(set => isOwn ? key == "emoji" || key == set.Prefix : key == "emoji" ? s_emoji.Contains(set.Prefix) : key == set.Prefix))
            {
                if (set.Icons.TryGetValue(id, out Icon? icon) && SplitOf(set.Prefix, marked[^1], isNovel) is { } split)
                {
                    yield return new Symbol(icon, split);
                }
            }
        }
    }

    private DatasetSplit? SplitOf(string prefix, char mark, bool isNovel) => prefix switch
    {
        _ when isOwn => DatasetSplit.Test,
        "twemoji" => isNovel ? null : DatasetSplit.Validation,
        _ when isNovel => DatasetSplit.Test,
        "fluent-emoji-flat" => DatasetSplit.Train,
        "mdi" or "game-icons" => mark switch { '!' => DatasetSplit.Test, '?' => DatasetSplit.Validation, _ => DatasetSplit.Train },
        _ => DatasetSplit.Test,
    };
}
