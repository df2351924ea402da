using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>Valid policies of every shape, with the texts that YAML is most likely to misread.</summary>
internal static class PolicyGenerator
{
    private static readonly string[] s_awkward =
    [
        "yes", "No", "on", "null", "~", "true", "0.8", "1e3", "0x1F", ".inf", "- item", "-", "? key", "key: value", "a: b", "# no comment", "a #b",
        "'single'", "\"double\"", "it's", "back\\slash", "\\n", "[list]", "{map}", "a, b", "*star", "&and", "!tag", "%percent", "@at", "`tick`", "|", ">", "---", "...",
        "<<", "=", "café", "cafe\u0301", "日本の銃", "한국어", "سلاح", "нож", "🔫", "👩\u200d🚀", "naïve ﬁre", "x\u0307\u0323", "a\u00a0b", "tab\there", "two  spaces", "line\nbreak", " around ", "$schema", "block", "1.10",
    ];

    private static readonly Gen<string> s_text = Gen.Frequency(
        (3, Gen.OneOf(s_awkward)),
        (2, Gen.OneOf(s_awkward).Array[1, 4].Select(parts => string.Join(' ', parts))),
        (2, Gen.String[Gen.Char.AlphaNumeric, 1, 40]),
        (1, Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char['\u00a1', '\u00ac'], Gen.Char['\u00ae', '\u02ff'], Gen.Char['\u0400', '\u04ff'], Gen.Char['\u4e00', '\u9fff']), 1, 60].Select(text => $"x{text}")));

    private static readonly Gen<double> s_threshold = Gen.OneOf(
        Gen.Int[1, 100].Select(percent => percent / 100.0),
        Gen.Double[double.Epsilon, 1],
        Gen.OneOf(double.Epsilon, 1e-300, 0.1 + 0.2, 1 - 1e-16, 1));

    private static readonly Gen<string> s_id = Gen.Select(Gen.String[Gen.OneOf(Gen.Char['A', 'Z'], Gen.Char['a', 'z'], Gen.Char['0', '9'], Gen.OneOf('_', '-', '.')), 0, 20], Gen.OneOf("x9", "Zq", "k-7."))
        .Select((end, start) => $"{start}{end}zzzzzz");

    private static readonly Gen<SafetyCategory> s_own = Gen.Select(
        s_id, Gen.Null(s_text), Gen.Null(s_text), Gen.Select(s_text.Array[1, 6], s_text.Array[0, 5]), Gen.Select(s_threshold, s_threshold), WhenNotAssessed)
        .Select((id, name, protects, phrases, thresholds, whenNotAssessed) => SafetyCategory.Define(id, category =>
        {
            _ = name is null ? category : category.Named(name);
            _ = protects is null ? category : category.Protects(protects);
            (string[] includes, string[] excludes) = Apart(phrases.Item1, phrases.Item2);
            Finish(category.Includes(includes).Excludes(excludes), thresholds, whenNotAssessed);
        }));

    private static readonly Gen<SafetyCategory> s_builtIn = Gen.Select(
        Gen.Int[0, HarmCategory.All.Count - 1], Gen.Null(s_text), Gen.Null(s_text.Array[1, 4]), Gen.Null(s_text.Array[0, 4]), Gen.Select(s_threshold, s_threshold), WhenNotAssessed)
        .Select((index, name, includes, excludes, thresholds, whenNotAssessed) => HarmCategory.All[index].Definition.Customize(category =>
        {
            _ = name is null ? category : category.Named(name);
            (string[] inside, string[] outside) = Apart(includes ?? [], excludes ?? []);
            _ = includes is null ? category : category.Includes(inside);
            _ = excludes is null ? category : category.Excludes(outside);
            Finish(category, thresholds, whenNotAssessed);
        }));

    public static Gen<SafetyPolicy> Policies { get; } = Gen.Select(
        s_text, s_text, Gen.Enum<Decision>(), Gen.Enum<Decision>(), Gen.OneOf(s_own, s_builtIn).Array[1, 6])
        .Select((name, version, onFailure, whenNotAssessed, categories) =>
        {
            SafetyPolicyBuilder builder = SafetyPolicy.Define(name, version).OnFailure(onFailure).WhenNotAssessed(whenNotAssessed);
            foreach (SafetyCategory category in categories.DistinctBy(category => category.Id, StringComparer.OrdinalIgnoreCase))
            {
                builder.Category(category);
            }

            return builder.Build();
        });

    private static Gen<int> WhenNotAssessed => Gen.Int[-1, 2];

    private static void Finish(SafetyCategoryBuilder category, (double First, double Second) thresholds, int whenNotAssessed)
    {
        category.ReviewAt(Math.Min(thresholds.First, thresholds.Second)).BlockAt(Math.Max(thresholds.First, thresholds.Second));
        if (whenNotAssessed is 0 or 2)
        {
            category.Severity(Math.Min(thresholds.First, thresholds.Second), whenNotAssessed == 0 ? null : Math.Max(thresholds.First, thresholds.Second), whenNotAssessed == 0 ? Math.Max(thresholds.First, thresholds.Second) : null);
        }

        if (whenNotAssessed >= 0)
        {
            category.WhenNotAssessed((Decision)whenNotAssessed);
        }
    }

    /// <summary>The phrases without those that a policy would take for repeated.</summary>
    private static (string[] Includes, string[] Excludes) Apart(string[] includes, string[] excludes)
    {
        string[] inside = [.. includes.DistinctBy(Key)];
        return (inside, [.. excludes.DistinctBy(Key).ExceptBy(inside.Select(Key), Key)]);

        static string Key(string text) => PolicyText.Normalize(text, CategoryDraft.LongestPhrase, out _)!.ToUpperInvariant();
    }
}
