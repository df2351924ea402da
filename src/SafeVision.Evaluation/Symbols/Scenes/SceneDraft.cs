namespace SafeVision.Evaluation.Symbols.Scenes;

/// <summary>An image while it is being planned.</summary>
internal sealed class SceneDraft(SceneRandom random, Background background)
{
    private const double TileChance = 0.18;
    private readonly List<Placement> _placements = [];
    private readonly Dictionary<string, List<SymbolThing>> _shown = [];

    public SceneRandom Random { get; } = random;

    public Background Background { get; } = background;

    /// <summary>What is taken already.</summary>
    public PlacementGrid Grid { get; } = new();

    public Caption? Caption { get; set; }
    public List<string> Tags { get; } = []; // what a breakdown may group by
    public Dictionary<string, string> Reasons { get; } = []; // the reasons that scenes give

    public bool Has(SymbolThing thing) => _placements.Any(placement => placement.Thing == thing);

    /// <summary>Places a thing that stands for itself, with its categories and their reasons.</summary>
    public void PlaceAlone(SymbolThing thing, double x, double y, double size)
    {
        string[] categories = CategoriesOf(thing);
        Place(thing, x, y, size, categories);
        Grid.Take(x, y, size);
        foreach (string category in categories)
        {
            Show(category, thing);
        }
    }

    /// <summary>Puts a thing where there is room; where there is none, the first is made smaller and others stay out.</summary>
    public void Put(SymbolThing thing, double size)
    {
        (double X, double Y)? place;
        while ((place = Grid.Find(size, Random)) is null)
        {
            size *= 0.8;
            if (_placements.Count > 0 || size < 0.1)
            {
                return;
            }
        }

        PlaceAlone(thing, place.Value.X, place.Value.Y, size);
    }

    /// <summary>Makes a thing a part of the reason for a category.</summary>
    public void Show(string category, SymbolThing thing)
    {
        if (!_shown.TryGetValue(category, out List<SymbolThing>? things))
        {
            _shown[category] = things = [];
        }

        things.Add(thing);
    }

    public void Place(SymbolThing thing, double x, double y, double size, IReadOnlyList<string> categories, double leastVisible = 0.5, bool mayHaveTile = true)
    {
        SKColor? tile = mayHaveTile && Random.Chance(TileChance) ? TileColor.Create(Random) : null;
        _placements.Add(new Placement
        {
            Thing = thing,
            Symbol = Draw(thing),
            X = x,
            Y = y,
            Size = tile is null ? size : size * 0.72,
            Rotation = Random.Chance(0.1) ? Random.Next(-50, 50) : Random.Next(-15, 15),
            IsMirrored = Random.Chance(0.3),
            Style = InkStyle.Create(tile ?? Background.Ground, thing.KeepsColors, Random),
            Tile = tile,
            Categories = categories,
            LeastVisible = leastVisible,
        });
    }

    /// <summary>The same place with another thing that stands for itself.</summary>
    public Placement Exchange(Placement old, SymbolThing thing) => old with
    {
        Thing = thing,
        Symbol = Draw(thing),
        Style = thing.KeepsColors ? new InkStyle { Tint = old.Style.Tint } : old.Style,
        Categories = CategoriesOf(thing),
    };

    /// <summary>Covers a part of the first thing with another.</summary>
    public void Cover(SymbolThing cover)
    {
        Placement first = _placements[0];
        double reach = first.Size * 0.45;
        double size = first.Size * Random.Next(0.35, 0.55);
        double x = Math.Clamp(first.X + (Random.Chance(0.5) ? reach : -reach), size / 2, 1 - (size / 2));
        double y = Math.Clamp(first.Y + (Random.Chance(0.5) ? reach : -reach), size / 2, 1 - (size / 2));
        Place(cover, x, y, size, []);
        Tags.Add("scene:covered");
    }

    /// <summary>The plan of the image.</summary>
    /// <param name="focus">The category that it is about; null: harmless.</param>
    public ScenePlan Finish(string? focus)
    {
        foreach ((string category, List<SymbolThing> things) in _shown)
        {
            string[] names = [.. things.Select(thing => thing.WithArticle).Distinct()];
            string verb = names.Length > 1 || things[0].IsMany ? "are" : "is";
            string twice = names.Length == 1 && things.Count > 1 ? " twice" : "";
            Reasons.TryAdd(category, Sentence($"{string.Join(" and ", names)} {verb} shown{twice}."));
        }

        Tags.Add($"focus:{focus ?? "SAFE"}");
        Tags.AddRange(_placements.Where(placement => focus is null || placement.Categories.Contains(focus)).Select(placement => $"set:{placement.Symbol.Icon.Set}").Distinct());
        Tags.AddRange(_placements.Take(1).Select(placement => $"style:{placement.Style.Name}"));
        Tags.Add($"background:{Background.Kind.ToString().ToLowerInvariant()}");
        return new ScenePlan { Background = Background, Placements = _placements, Caption = Caption, Reasons = Reasons, Tags = Tags };
    }

    /// <summary>A drawing of a thing: first the hand that drew it, so that none is seen more for having drawn more.</summary>
    private Symbol Draw(SymbolThing thing)
    {
        string set = Random.Pick([.. thing.Symbols.Select(symbol => symbol.Icon.Set).Distinct()]);
        return Random.Pick([.. thing.Symbols.Where(symbol => symbol.Icon.Set == set)]);
    }

    private static string[] CategoriesOf(SymbolThing thing) => [.. new[] { thing.Category, thing.NovelCategory }.OfType<string>()];

    /// <summary>A text with a capital.</summary>
    public static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}

/// <summary>What of an image is taken. Lengths are fractions of its side.</summary>
internal sealed class PlacementGrid
{
    private readonly List<(double Left, double Top, double Right, double Bottom)> _taken = [];

    public void Take(double x, double y, double size) => Take(x - (size / 2), y - (size / 2), x + (size / 2), y + (size / 2));

    public void Take(double left, double top, double right, double bottom) => _taken.Add((left, top, right, bottom));

    /// <summary>Finds a place for a square that overlaps what is taken by a tenth of itself at most; null where there is none.</summary>
    public (double X, double Y)? Find(double size, SceneRandom random)
    {
        for (int attempt = 0; attempt < 40; attempt++)
        {
            double cx = random.Next((size / 2) + 0.01, 0.99 - (size / 2));
            double cy = random.Next((size / 2) + 0.01, 0.99 - (size / 2));
            double overlap = _taken.Sum(other =>
                Math.Max(0, Math.Min(cx + (size / 2), other.Right) - Math.Max(cx - (size / 2), other.Left))
                * Math.Max(0, Math.Min(cy + (size / 2), other.Bottom) - Math.Max(cy - (size / 2), other.Top)));
            if (overlap <= 0.1 * size * size)
            {
                return (cx, cy);
            }
        }

        return null;
    }
}

/// <summary>All that an image will show, before it is drawn.</summary>
internal sealed record ScenePlan
{
    public required Background Background { get; init; }

    public required IReadOnlyList<Placement> Placements { get; init; } // from back to front
    public Caption? Caption { get; init; } // a word on top; null: none
    public required IReadOnlyDictionary<string, string> Reasons { get; init; } // reference reasons by category
    public required IReadOnlyList<string> Tags { get; init; } // what a breakdown may group by
}

/// <summary>A symbol's place in an image. Lengths are fractions of the image's side.</summary>
internal sealed record Placement
{
    public required SymbolThing Thing { get; init; } // what it shows
    public required Symbol Symbol { get; init; }
    public required double X { get; init; } // the middle of the drawn part
    public required double Y { get; init; } // the middle of the drawn part, from the top
    public required double Size { get; init; } // the longer side of the drawn part before it is turned
    public double Rotation { get; init; } // clockwise, in degrees
    public bool IsMirrored { get; init; }
    public required InkStyle Style { get; init; }
    public SKColor? Tile { get; init; } // a tile behind it; null: none
    public IReadOnlyList<string> Categories { get; init; } = []; // the categories that it is evidence for here
    public double LeastVisible { get; init; } = 0.5; // how much of it must stay visible, 0 to 1
}

/// <summary>A word in the image that says nothing about it. Lengths are fractions of the image's side.</summary>
internal sealed record Caption(string Text, double X, double Y, double Height, SKColor Color);
