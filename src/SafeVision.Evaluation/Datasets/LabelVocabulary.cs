namespace SafeVision.Evaluation.Datasets;

/// <summary>Turns what a dataset writes into ids of categories: ids in any case, names with spaces, the tokens of the published
/// models (<c>&lt;|Sexual|&gt;</c>), the older codes (<c>O3(Sexual)</c>), the numbers of a VisionHarm file, and what the caller's
/// map says.</summary>
internal sealed partial class LabelVocabulary
{
    private const int MostCategories = 1000;

    private static readonly string[] Harmless = ["safe", "none", "normal", "harmless"];

    // How programs write a value that is not there. Python's None is one of them in this spelling only: "none" is a word.
    private static readonly HashSet<string> Missing = new(["nan", "-nan", "na", "n/a", "#n/a", "#na", "<na>", "nat", "null", "nil", "<null>", "undefined"], StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, string> _map = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly IReadOnlyList<string>? _numbered;
    private readonly bool _closed;

    /// <param name="map">What labels mean that are no ids.</param>
    /// <param name="declared">The categories that there are; null where they are what occurs.</param>
    /// <param name="numbered">The classes of a dataset that writes numbers, the harmless one first.</param>
    public LabelVocabulary(IReadOnlyDictionary<string, string> map, IReadOnlyList<string>? declared, IReadOnlyList<string>? numbered = null)
    {
        foreach ((string label, string meaning) in map)
        {
            _map[label.Trim()] = meaning.Trim();
        }

        _numbered = numbered;
        declared ??= numbered?.Skip(1).Select((name, index) => Mapped(name) ?? Mapped($"{index + 1}") ?? name).Where(id => !IsHarmless(id)).ToArray();
        _closed = declared is not null;
        foreach (string id in declared ?? [])
        {
            _known.TryAdd(id, id);
        }

        Declared = declared is null ? null : [.. _known.Values];
    }

    /// <summary>The categories that were declared, or else those that occurred: built-in ones first, in the paper's order.</summary>
    public IReadOnlyList<string> Categories => Declared
        ?? [.. HarmCategory.All.Select(category => category.Id).Where(_known.ContainsKey), .. _known.Values.Where(id => !HarmCategory.TryParse(id, out _)).Order(StringComparer.Ordinal)];

    private string[]? Declared { get; }

    /// <summary>Whether a text is how a program writes a value that is not there, such as <c>NaN</c>, <c>NULL</c> or Python's <c>None</c>.</summary>
    public static bool IsMissing(string text) => text.Trim() is var bare && (bare is "" or "None" || Missing.Contains(bare));

    /// <summary>Whether the caller's map knows a text as it is.</summary>
    public bool Maps(string text) => _map.ContainsKey(text.Trim());

    /// <summary>What a label means.</summary>
    /// <param name="id">The category's id; null for "harmless".</param>
    /// <param name="error">What is wrong with the label, where it means nothing.</param>
    public bool TryResolve(string label, out string? id, out string error)
    {
        (id, error) = (null, "");
        string text = label.Trim();
        if (Mapped(text) is { } meaning)
        {
            text = meaning;
        }
        else
        {
            if (IsMissing(text) && !_known.ContainsKey(text))
            {
                error = text.Length == 0
                    ? "one of its labels is empty; a harmless image is labelled safe"
                    : $"'{text}' is how programs write a label that is not there; label a harmless image safe, or say with a label map what '{text}' means";
                return false;
            }

            if (_numbered is not null && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                if (number >= _numbered.Count)
                {
                    error = $"there is no class {number}; the last one is {_numbered.Count - 1} ({_numbered[^1]})";
                    return false;
                }

                text = _numbered[number];
            }

            text = Bare(text);
            text = Mapped(text) ?? text;
        }

        if (IsHarmless(text) || _known.TryGetValue(text, out id))
        {
            return true;
        }

        if (_closed)
        {
            error = $"'{Shortened(label)}' is none of the dataset's categories ({Shortened(string.Join(", ", _known.Values))})";
            return false;
        }

        return TryAccept(text, label, ref id, ref error);
    }

    /// <summary>Nothing was declared: what could be a policy's category is one, unless it looks like a mistyped built-in one.</summary>
    private bool TryAccept(string text, string label, ref string? id, ref string error)
    {
        if (_known.Count >= MostCategories)
        {
            error = $"'{Shortened(label)}' would be category number {MostCategories + 1}; is the label column the right one?";
            return false;
        }

        try
        {
            id = SafetyCategory.Define(text, category => category.Includes(text)).Id;
        }
        catch (PolicyException refused)
        {
            error = refused.Errors[0].Message;
            return false;
        }

        _known.Add(text, id);
        return true;
    }

    private string? Mapped(string text) => _map.GetValueOrDefault(text);

    private static bool IsHarmless(string text) => Harmless.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string Bare(string text)
    {
        if (text.StartsWith("<|", StringComparison.Ordinal) && text.EndsWith("|>", StringComparison.Ordinal) && text.Length > 4)
        {
            text = text[2..^2];
        }

        Match code = Code().Match(text);
        return (code.Success ? code.Groups["name"].Value : text).Trim().Replace(' ', '_');
    }

    /// <summary>A text of a dataset, short enough for a message.</summary>
    public static string Shortened(string text) => text.Length <= 120 ? text : string.Concat(text.AsSpan(0, 119), "…");

    [GeneratedRegex(@"^(NA|O?[0-9]{1,2})\((?<name>[A-Za-z_ ]{1,64})\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Code();
}

/// <summary>The classes of the paper's two datasets by their numbers (arXiv 2510.23960); number 0 is the harmless one.</summary>
internal static class VisionHarmClasses
{
    /// <summary>VisionHarm-T: the nine built-in categories.</summary>
    public static IReadOnlyList<string> T { get; } = [HarmCategory.Safe.Id, .. HarmCategory.All.Select(category => category.Id)];

    /// <summary>VisionHarm-C. Its classes are finer than the built-in categories and carry their own names; Self_Harm is in both.</summary>
    public static IReadOnlyList<string> C { get; } =
    [
        "Normal", "Adult", "Adult_Baby", "Woman_Breast", "Sex_Organ", "Adult_Cartoon", "Grotesque", "Sexy", "Alcohol",
        "ID_Card", "Negative_Sign", "SNS", HarmCategory.Self_Harm.Id, "Shocking", "Violence",
    ];
}
