using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>What <c>is</c> can ask.</summary>
internal static class TemplateTests
{
    private static readonly Dictionary<string, Func<TemplateRun, object?, TemplateArguments, bool>> s_all = new(StringComparer.Ordinal)
    {
        ["defined"] = static (_, value, _) => value is not TemplateUndefined,
        ["undefined"] = static (_, value, _) => value is TemplateUndefined,
        ["none"] = static (_, value, _) => value is null,
        ["string"] = static (_, value, _) => value is PromptText,
        ["mapping"] = static (_, value, _) => value is TemplateMap,
        ["iterable"] = static (_, value, _) => value is PromptText or TemplateMap or IReadOnlyList<object?> or TemplateUndefined,
        ["sequence"] = static (_, value, _) => value is PromptText or TemplateMap or IReadOnlyList<object?> or TemplateUndefined,
        ["number"] = static (_, value, _) => value is long or double or bool,
        ["integer"] = static (_, value, _) => value is long,
        ["float"] = static (_, value, _) => value is double,
        ["boolean"] = static (_, value, _) => value is bool,
        ["true"] = static (_, value, _) => value is true,
        ["false"] = static (_, value, _) => value is false,
        ["odd"] = static (run, value, _) => Whole(run, value) % 2 != 0,
        ["even"] = static (run, value, _) => Whole(run, value) % 2 == 0,
        ["equalto"] = AreEqual,
        ["eq"] = AreEqual,
        ["ne"] = static (run, value, arguments) => !AreEqual(run, value, arguments),
        ["in"] = static (run, value, arguments) => TemplateValues.Compare(run, "in", value, arguments.Get(0, "seq")),
    };

    public static IEnumerable<string> Names => s_all.Keys;

    public static Func<TemplateRun, object?, TemplateArguments, bool>? Find(string name) => s_all.GetValueOrDefault(name);

    /// <summary>Whether a value may follow the test's name without parentheses.</summary>
    public static bool TakesArgument(string name) => name is "equalto" or "eq" or "ne" or "in";

    private static bool AreEqual(TemplateRun run, object? value, TemplateArguments arguments) => TemplateValues.AreEqual(run, value, arguments.Get(0, "other"));

    private static long Whole(TemplateRun run, object? value) => value as long? ?? throw run.Wrong($"{TemplateValues.Kind(value)} is neither odd nor even");
}
