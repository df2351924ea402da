namespace SafeVision.Training.Data.Questions;

/// <summary>What an image shows, known exactly, in sentences.</summary>
internal sealed class ImageTruth
{
    private const int MostPlaces = 5; // a sentence of at most 30 words

    /// <summary>The positions that a thing may have, row by row.</summary>
    public static readonly IReadOnlyList<string> Positions = ["top left", "top", "top right", "left", "center", "right", "bottom left", "bottom", "bottom right"];

    private ImageTruth(IReadOnlyList<SampleObject> objects)
    {
        Objects = [.. objects.OrderBy(thing => Math.Floor(3 * (thing.Box.Y + (thing.Box.Height / 2)))).ThenBy(thing => thing.Box.X)];
        Names = [.. Objects.Select(thing => thing.Name).Distinct()];
    }

    /// <summary>What it shows, in reading order.</summary>
    public IReadOnlyList<SampleObject> Objects { get; }

    /// <summary>The names of what it shows, each once, in reading order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The truth of an image; null where it is not known.</summary>
    public static ImageTruth? Of(ImageRecord record) => record.Objects is { Count: > 0 } objects ? new ImageTruth(objects) : null;

    /// <summary>One sentence about all of it.</summary>
    public string Caption => $"The image shows {Listed(Objects.Count <= MostPlaces ? [.. Objects.Select(thing => $"{WithArticle(thing.Name)} {PlaceOf(thing)}")] : [.. Names.Select(WithArticle)])}.";

    /// <summary>One sentence about what makes it fall under a category; null where nothing in it does.</summary>
    public string? Reason(string category) => Offender(category) is { } thing ? Seen(thing) : null;

    /// <summary>The first thing that makes it fall under a category; null where nothing in it does.</summary>
    public SampleObject? Offender(string category) => Objects.FirstOrDefault(thing => thing.Categories.Contains(category));

    /// <summary>One sentence about where a thing is.</summary>
    public static string Seen(SampleObject thing) => $"There is {WithArticle(thing.Name)} {PlaceOf(thing)}.";

    /// <summary>Where a thing is: "at the top left", "in the center".</summary>
    public static string PlaceOf(SampleObject thing) => InWords(SymbolScenes.PositionOf(thing.Box));

    public static string InWords(string position) => position switch
    {
        "center" => "in the center",
        "left" or "right" => $"on the {position}",
        _ => $"at the {position}",
    };

    public static string WithArticle(string name) =>
        name.EndsWith('s') && !name.EndsWith("ss", StringComparison.Ordinal) ? name
        : $"{("aeiouAEIOU".Contains(name[0]) ? "an" : "a")} {name}";

    public static string Listed(IReadOnlyList<string> items) => items.Count switch
    {
        0 => "nothing",
        1 => items[0],
        _ => $"{string.Join(", ", items.SkipLast(1))} and {items[^1]}",
    };
}
