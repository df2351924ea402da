using System.Text.Json;
using System.Text.RegularExpressions;
using SafeVision.Evaluation.Symbols.Icons;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// The drawings that the head for drawings is fitted to, each drawing once: three icon sets of npm, with the keywords that
/// emojibase-data (Unicode's annotations) and @mdi/svg give. No category and no policy has a part in it.
/// </summary>
internal static partial class DrawingCorpus
{
    private const string Emoji = "@iconify-json/fluent-emoji-flat";

    // Emoji are in colour and what clip art looks like; of the others there are so many that they would drown them.
    private static readonly (string Package, double Weight)[] s_sets = [(Emoji, 3), ("@iconify-json/game-icons", 1), ("@iconify-json/mdi", 0.5)];

    /// <param name="modules">The node_modules folder that the packages were installed in.</param>
    public static IReadOnlyList<DrawingConcept> Read(string modules)
    {
        Dictionary<string, string[]> emoji = ReadEmoji(Path.Combine(modules, "emojibase-data/en/data.json"));
        Dictionary<string, string[]> interfaceIcons = ReadInterface(Path.Combine(modules, "@mdi/svg/meta.json"));
        var concepts = new List<DrawingConcept>();
        foreach ((string package, double weight) in s_sets)
        {
            var drawn = new HashSet<string>();
            IconSet set = IconSetReader.ReadFile(Path.Combine(modules, package, "icons.json"));
            foreach (Icon icon in set.Icons.Values.OrderBy(icon => icon.Id, StringComparer.Ordinal))
            {
                if (SkinTone().IsMatch(icon.Id) || !drawn.Add(icon.Body))
                {
                    continue; // an alias or a twin
                }

                string name = icon.Id.Replace('-', ' ');
                string[] keywords = (package.EndsWith("mdi", StringComparison.Ordinal) ? interfaceIcons : emoji).GetValueOrDefault(name, []);
                concepts.Add(new DrawingConcept(icon, name, keywords, weight, package == Emoji && !Variant().IsMatch(icon.Id)));
            }
        }

        return concepts;
    }

    private static Dictionary<string, string[]> ReadEmoji(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        var keywords = new Dictionary<string, string[]>();
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            string name = NoWord().Replace(entry.GetProperty("label").GetString()!.ToLowerInvariant(), " ").Trim();
            keywords[name] = entry.TryGetProperty("tags", out JsonElement tags) ? Texts(tags) : [];
        }

        return keywords;
    }

    private static Dictionary<string, string[]> ReadInterface(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.EnumerateArray().ToDictionary(
            entry => entry.GetProperty("name").GetString()!.Replace('-', ' '),
            entry => (string[])[
                .. Texts(entry.GetProperty("aliases")).Select(alias => alias.Replace('-', ' ')),
                .. Texts(entry.GetProperty("tags")).Select(tag => tag.Replace(" / ", " ", StringComparison.Ordinal).ToLowerInvariant())]);
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString()!)];

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoWord();

    [GeneratedRegex("skin-tone|-(medium|dark|light)(-|$)")]
    private static partial Regex SkinTone();

    // Clock faces, letters on tiles, and the man or woman beside the person: one of each kind is drawn all the same.
    [GeneratedRegex(@"\d|^(man|woman|men|women)-(?!s-)|-(man|woman)$|button$|clock|moon-face|^flag-|^(in|by)-")]
    private static partial Regex Variant();
}
