using System.Collections.Concurrent;

namespace SafeVision.Evaluation.Symbols;

/// <summary>Which symbols <see cref="SymbolScenes"/> draws, and how.</summary>
/// <remarks>Read when the scenes are set up; numbers out of their range then throw <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed class SymbolSceneOptions
{
    /// <summary>Whatever else is equal, the same seed gives the same scenes, pixel for pixel. Default: 1.</summary>
    public long Seed { get; set; } = 1;

    /// <summary>Whose drawings are shown: <see cref="DatasetSplit.Train"/> (the default), <see cref="DatasetSplit.Validation"/> or
    /// <see cref="DatasetSplit.Test"/>. No drawing stands in two splits, so what is trained on the first can be tested on
    /// VisionHarm-S. <see cref="DatasetSplit.None"/>: all; then keep training and testing apart by <see cref="Sets"/>.</summary>
    public DatasetSplit Split { get; set; } = DatasetSplit.Train;

    /// <summary>The prefixes of the icon sets to draw from, such as <c>noto</c>; empty (the default): all of the split.</summary>
    public IReadOnlyList<string> Sets { get; set; } = [];

    /// <summary>The names of the things to show, such as <c>dog</c>; empty (the default): all that the sets have. <see cref="SymbolScenes.Names"/> lists them.</summary>
    public IReadOnlyList<string> Names { get; set; } = [];

    /// <summary>Whether every drawing keeps the colours of its set; otherwise some are recoloured, unless they are known by their colours. Default: false.</summary>
    public bool KeepsColors { get; set; }

    /// <summary>The fewest things in a scene, 1 to 8. Default: 1. Where there is no room for so many, a scene has fewer.</summary>
    public int FewestThings { get; set; } = 1;

    /// <summary>The most things in a scene, 1 to 8. Default: 4.</summary>
    public int MostThings { get; set; } = 4;

    /// <summary>The side of an image in pixels, 96 to 1,024. Default: 320.</summary>
    public int ImageSize { get; set; } = 320;

    /// <summary>The icons.json of an @iconify-json package to draw from instead of the sets that come with the library; all its drawings are for testing. Null (the default): none.</summary>
    public string? IconSet { get; set; }
}

/// <summary>One drawn image with its exact truth.</summary>
/// <param name="Size">The image's width in pixels.</param>
/// <param name="Pixels">Its pixels as RGB bytes, rows from the top: Height x Size x 3.</param>
/// <param name="Symbols">What it shows, from back to front.</param>
public sealed record SymbolScene(int Size, ReadOnlyMemory<byte> Pixels, IReadOnlyList<SceneSymbol> Symbols)
{
    /// <summary>The image's height in pixels; by default its width, as <see cref="SymbolScenes"/> draws.</summary>
    public int Height { get; init; } = Size;
}

/// <summary>A symbol in a scene.</summary>
/// <param name="Name">What it shows, a noun without article: "wolf trap".</param>
/// <param name="Drawing">The drawing, by its set and id: <c>noto:dog</c>.</param>
/// <param name="Box">The smallest upright rectangle around what is visible of it, in fractions of the image.</param>
/// <param name="Position">Where its middle lies: "top left", "top", "top right", "left", "center", "right", "bottom left", "bottom" or "bottom right".</param>
/// <param name="Categories">The ids of the categories that it falls under where it stands for itself; empty: none.</param>
public sealed record SceneSymbol(string Name, string Drawing, ImageBox Box, string Position, IReadOnlyList<string> Categories);

/// <summary>Draws scenes of chosen symbols with exact truth, for training and for tests of one's own: names, boxes and positions,
/// and pairs of scenes in which one symbol was exchanged and nothing else.</summary>
/// <remarks>Thread-safe: any scene can be drawn at any time, by any thread, and is always the same.</remarks>
public sealed class SymbolScenes : IDisposable
{
    private const int MostThings = 8;
    private const int MostAttempts = 100;
    private const long Stream = 0x5CE7E; // apart from the streams of VisionHarm-S

    private readonly SymbolThing[] _things;
    private readonly IReadOnlyDictionary<char, Icon> _letters;
    private readonly ConcurrentBag<ScenePainter> _painters = [];
    private readonly (long Seed, int Fewest, int Most, int Size) _options;

    private SymbolScenes(SymbolSceneOptions options, SymbolThing[] things, IReadOnlyDictionary<char, Icon> letters)
    {
        (_things, _letters) = (things, letters);
        _options = (options.Seed, options.FewestThings, options.MostThings, options.ImageSize);
        Names = [.. things.Select(thing => thing.Name)];
    }

    /// <summary>The names of all things that may be shown.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Sets the scenes up; they are drawn when they are asked for.</summary>
    /// <param name="options">Read now; later changes have no effect.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there is no set or thing of a name.</exception>
    /// <exception cref="EvaluationException">The user's icon set cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static SymbolScenes Create(SymbolSceneOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        InRange(options.ImageSize, 96, 1024, nameof(options.ImageSize));
        InRange(options.FewestThings, 1, MostThings, nameof(options.FewestThings));
        InRange(options.MostThings, options.FewestThings, MostThings, nameof(options.MostThings));
        SymbolCatalogue catalogue = SymbolCatalogue.Load(options.IconSet is { } path ? IconSetReader.ReadFile(path) : null);
        ThrowIfUnknown(options.Sets, catalogue.Sets.Select(set => set.Prefix), "icon set");
        SymbolThing[] things =
        [
            .. (options.Split == DatasetSplit.None ? catalogue.Things : catalogue.In(options.IconSet is null ? options.Split : DatasetSplit.Test))
                .Select(thing => options.Sets.Count == 0 ? thing : thing with { Symbols = [.. thing.Symbols.Where(symbol => options.Sets.Contains(symbol.Icon.Set))] })
                .Where(thing => thing.Symbols.Count > 0),
        ];
        ThrowIfUnknown(options.Names, things.Select(thing => thing.Name), "thing");
        SymbolThing[] chosen = options.Names.Count == 0 ? things : [.. things.Where(thing => options.Names.Contains(thing.Name))];
        return chosen.Length > 0
            ? new SymbolScenes(options, [.. chosen.Select(thing => thing with { KeepsColors = thing.KeepsColors || options.KeepsColors })], catalogue.Letters)
            : throw new ArgumentException($"The chosen sets have no drawing in the split {options.Split}.", nameof(options));
    }

    /// <summary>Draws a scene.</summary>
    /// <exception cref="EvaluationException">An icon of the user's set cannot be drawn.</exception>
    public SymbolScene Draw(int index) => Paint(index, draft => [draft.Finish(null)])[0];

    /// <summary>Draws a scene twice: as it is, and with one symbol exchanged for one of another thing, at the same place, size and
    /// turn. Everything else stays.</summary>
    /// <param name="index">The scene's number, 0 and up. The first image shows what <see cref="Draw"/> does, unless the second would hide too much.</param>
    /// <returns>The two scenes, and which of their symbols was exchanged.</returns>
    /// <exception cref="InvalidOperationException">There is but one thing to show.</exception>
    /// <exception cref="EvaluationException">An icon of the user's set cannot be drawn.</exception>
    public (SymbolScene Before, SymbolScene After, int Exchanged) DrawEdit(int index)
    {
        if (_things.Length < 2)
        {
            throw new InvalidOperationException("A symbol cannot be exchanged where there is one thing only; choose more names.");
        }

        int exchanged = 0;
        SymbolScene[] scenes = Paint(index, draft =>
        {
            ScenePlan before = draft.Finish(null);
            exchanged = draft.Random.Next(before.Placements.Count);
            Placement old = before.Placements[exchanged];
            SymbolThing[] others = [.. _things.Where(thing => !draft.Has(thing))];
            Placement fresh = draft.Exchange(old, draft.Random.Pick(others.Length > 0 ? others : [.. _things.Where(thing => thing != old.Thing)]));
            return [before, before with { Placements = [.. before.Placements.Select((placement, i) => i == exchanged ? fresh : placement)] }];
        });
        return (scenes[0], scenes[1], exchanged);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_painters.TryTake(out ScenePainter? painter))
        {
            painter.Dispose();
        }
    }

    /// <summary>Paints the plans that a draft gives; another draft is made where they hide too much of something.</summary>
    private SymbolScene[] Paint(int index, Func<SceneDraft, ScenePlan[]> plan)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ScenePainter painter = _painters.TryTake(out ScenePainter? free) ? free : new ScenePainter(_options.Size, _letters);
        try
        {
            for (int attempt = 0; attempt < MostAttempts; attempt++)
            {
                SymbolScene?[] scenes = [.. plan(Compose(index, attempt)).Select(one => Paint(painter, one))];
                if (scenes.All(scene => scene is not null))
                {
                    return scenes!;
                }
            }
        }
        finally
        {
            _painters.Add(painter);
        }

        throw new EvaluationException($"Scene {index} could not be composed so that all of it can be seen; the symbols leave too little of each other visible.");
    }

    private SceneDraft Compose(int index, int attempt)
    {
        var random = new SceneRandom(_options.Seed, Stream, index, attempt);
        var draft = new SceneDraft(random, Background.Create(random));
        int count = Math.Min(_things.Length, _options.Fewest + random.Next(_options.Most - _options.Fewest + 1));
        foreach (int thing in random.Permutation(_things.Length).Take(count))
        {
            draft.Put(_things[thing], count == 1 ? random.Next(0.4, 0.8) : random.Next(0.24, 0.42));
        }

        return draft;
    }

    private SymbolScene? Paint(ScenePainter painter, ScenePlan plan) => painter.Paint(plan) is { } boxes
        ? new SymbolScene(
            _options.Size,
            painter.Copy(),
            [.. plan.Placements.Select((placement, i) => new SceneSymbol(placement.Thing.Name, $"{placement.Symbol.Icon.Set}:{placement.Symbol.Icon.Id}", boxes[i], PositionOf(boxes[i]), placement.Categories))])
        : null;

    /// <summary>Where the middle of a box lies, in the words of <see cref="SceneSymbol.Position"/>.</summary>
    public static string PositionOf(ImageBox box)
    {
        (double x, double y) = (box.X + (box.Width / 2), box.Y + (box.Height / 2));
        string row = y < 1 / 3.0 ? "top" : y > 2 / 3.0 ? "bottom" : "", column = x < 1 / 3.0 ? "left" : x > 2 / 3.0 ? "right" : "";
        return (row.Length, column.Length) switch
        {
            (0, 0) => "center",
            (0, _) or (_, 0) => row + column,
            _ => $"{row} {column}",
        };
    }

    private static void ThrowIfUnknown(IReadOnlyList<string> asked, IEnumerable<string> known, string what)
    {
        var all = known.ToHashSet();
        if (asked.FirstOrDefault(name => !all.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"There is no {what} '{unknown}' here. There are: {string.Join(", ", all.Order(StringComparer.Ordinal))}.", nameof(asked));
        }
    }

    private static void InRange(int value, int least, int most, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
    }
}
