using System.Reflection;
using System.Text.RegularExpressions;
using SafeVision.Engines.ClosedSet.Taxonomy;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// Drawings of many hands with what they show: the icon sets of npm that the head for drawings is fitted to. Labels are the
/// names of emoji, and those of <c>more-labels.txt</c>, each of which was read beside the meaning that the taxonomy gives it. A
/// drawing goes to the label of its name, or else to the one that means the same. No category and no policy has a part in it.
/// </summary>
internal sealed partial class DrawingCorpus
{
    private const string Emoji = "fluent-emoji-flat";

    private readonly Dictionary<string, int> _byName = [];
    private readonly Dictionary<string, int> _byMeaning = [];
    private readonly KnownLabels _symbols = WordTaxonomy.Load(DefaultModels.Taxonomy).Sets["symbols"];
    private readonly Dictionary<string, int> _known = [];

    /// <param name="modules">The node_modules folder that the packages were installed in.</param>
    public DrawingCorpus(string modules)
    {
        foreach ((int place, string name) in _symbols.Names.Index())
        {
            _known.TryAdd(Plain(name), place);
        }

        var labels = new List<string>();
        foreach (string id in Read(modules, Emoji).Icons.Keys.Where(id => !SkinTone().IsMatch(id) && !Variant().IsMatch(id)).Order(StringComparer.Ordinal))
        {
            _byName[Plain(id)] = labels.Count;
            _byMeaning.TryAdd(MeaningOf(Plain(id)), labels.Count);
            labels.Add(id.Replace('-', ' '));
        }

        foreach (string id in MoreLabels())
        {
            string meaning = MeaningOf(Plain(id)) is { Length: > 0 } known ? known : throw new InvalidOperationException($"more-labels.txt: '{id}' means nothing in the taxonomy.");
            if (_byMeaning.TryAdd(meaning, labels.Count) && _byName.TryAdd(Plain(id), labels.Count))
            {
                labels.Add(id.Replace('-', ' '));
            }
        }

        Labels = labels;
        Icons = [.. Sets.SelectMany(set => Of(Read(modules, set), SkinTone()))];
    }

    /// <summary>The icon sets, with the versions that the shipped head was fitted to. None of them is share-alike.</summary>
    public static IReadOnlyList<string> Sets { get; } =
        [Emoji, "twemoji", "emojione", "fxemoji", "streamline-emojis", "fluent-emoji-high-contrast", "game-icons", "mdi", "tabler", "ph", "icon-park"];

    public IReadOnlyList<string> Labels { get; }

    /// <summary>Each drawing once, with its label.</summary>
    public IReadOnlyList<(Icon Icon, int Label)> Icons { get; }

    private static IconSet Read(string modules, string set) => IconSetReader.ReadFile(Path.Combine(modules, "@iconify-json", set, "icons.json"));

    private IEnumerable<(Icon, int)> Of(IconSet set, Regex leftOut)
    {
        var drawn = new HashSet<string>();
        foreach (Icon icon in set.Icons.Values.OrderBy(icon => icon.Id, StringComparer.Ordinal))
        {
            bool isThin = set.Prefix == "ph" && Weight().IsMatch(icon.Id);
            if (!isThin && (set.Prefix == "ph" || !leftOut.IsMatch(icon.Id)) && LabelOf(Ending().Replace(Code().Replace(icon.Id, ""), "")) is { } label && drawn.Add(icon.Body))
            {
                yield return (icon, label);
            }
        }
    }

    private int? LabelOf(string id)
    {
        string plain = Plain(id);
        return _byName.TryGetValue(plain, out int label) || (MeaningOf(plain) is { Length: > 0 } meaning && _byMeaning.TryGetValue(meaning, out label)) ? label : null;
    }

    private string MeaningOf(string plain) => _known.TryGetValue(plain, out int place) ? string.Join(' ', _symbols.Meanings[place]) : "";

    private static string[] MoreLabels()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("more-labels.txt")!);
        return reader.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    [GeneratedRegex("skin-tone|-(medium|dark|light)(-|$)")]
    private static partial Regex SkinTone();

    // Clock faces, letters on tiles, and the man or woman beside the person: one of each kind is drawn all the same.
    [GeneratedRegex(@"\d|^(man|woman|men|women)-(?!s-)|-(man|woman)$|button$|clock|moon-face|^flag-|^(in|by)-")]
    private static partial Regex Variant();

    [GeneratedRegex("-(bold|light|thin)$")]
    private static partial Regex Weight();

    [GeneratedRegex("-(fill|filled|duotone)$")]
    private static partial Regex Ending();

    [GeneratedRegex("^u[0-9a-f]+-")]
    private static partial Regex Code();
}
