using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>The methods of texts and mappings.</summary>
internal static class TemplateMethods
{
    /// <summary>A method of a text; null where there is none of that name.</summary>
    public static TemplateFunction? OfText(PromptText text, string name)
    {
        Func<TemplateRun, TemplateArguments, object?>? call = name switch
        {
            "strip" => (run, arguments) => Strip(run, text, arguments, start: true, end: true),
            "lstrip" => (run, arguments) => Strip(run, text, arguments, start: true, end: false),
            "rstrip" => (run, arguments) => Strip(run, text, arguments, start: false, end: true),
            "upper" => (run, arguments) => Plain(run, arguments, TemplateText.Upper(text)),
            "lower" => (run, arguments) => Plain(run, arguments, TemplateText.Lower(text)),
            "title" => (run, arguments) => Plain(run, arguments, TemplateText.Title(text)),
            "capitalize" => (run, arguments) => Plain(run, arguments, TemplateText.Capitalize(text)),
            "startswith" => (run, arguments) => text.Text.StartsWith(Spent(run, arguments, "prefix"), StringComparison.Ordinal),
            "endswith" => (run, arguments) => text.Text.EndsWith(Spent(run, arguments, "suffix"), StringComparison.Ordinal),
            "split" => (run, arguments) => Split(run, text, arguments),
            "replace" => (run, arguments) => Replace(run, text, arguments),
            _ => null,
        };
        return call is null ? null : new TemplateFunction(name, call);
    }

    /// <summary>A method of a mapping; null where there is none of that name.</summary>
    public static TemplateFunction? OfMap(TemplateMap map, string name)
    {
        Func<TemplateRun, TemplateArguments, object?>? call = name switch
        {
            "items" => (run, _) => Items(run, map),
            "keys" => (run, _) => TemplateValues.Items(run, map),
            "values" => (run, _) => Values(run, map),
            "get" => (run, arguments) => map.TryGet(Text(run, arguments, 0, "key").Text, out object? value)
                ? value
                : arguments.Get(1, "default") is var otherwise and not TemplateUndefined ? otherwise : null,
            _ => null,
        };
        return call is null ? null : new TemplateFunction(name, call);
    }

    public static List<object?> Items(TemplateRun run, TemplateMap map)
    {
        run.Spend(map.Entries.Count);
        return [.. map.Entries.Select(entry => new List<object?> { PromptText.Trusted(entry.Key), entry.Value })];
    }

    public static PromptText Replace(TemplateRun run, PromptText text, TemplateArguments arguments)
    {
        arguments.Expect(run, "old", "new", "count");
        PromptText sought = Text(run, arguments, 0, "old"), replacement = Text(run, arguments, 1, "new");
        if (sought.Text.Length == 0)
        {
            throw run.Wrong("'replace' can't look for an empty text");
        }

        run.SpendSearch(text.Text.Length, sought.Text.Length);
        List<int> places = TemplateText.Find(text.Text, sought.Text, Count(run, arguments.Get(2, "count")));
        run.Spend((places.Count + 1L) * (text.Untrusted.Count + replacement.Untrusted.Count + 1));
        run.SpendCharacters(text.Text.Length + ((long)places.Count * replacement.Text.Length));
        return TemplateText.Replace(text, places, sought.Text.Length, sought.Untrusted.Count == 0 ? replacement : PromptText.FromStranger(replacement.Text));
    }

    private static List<object?> Split(TemplateRun run, PromptText text, TemplateArguments arguments)
    {
        arguments.Expect(run, "sep", "maxsplit");
        run.Spend((text.Text.Length / 2L) * (text.Untrusted.Count + 1L));
        if (arguments.Get(0, "sep") is null or TemplateUndefined)
        {
            return arguments.Get(1, "maxsplit") is TemplateUndefined
                ? TemplateText.Words(text)
                : throw run.Wrong("'split' into words with 'maxsplit' is not supported");
        }

        PromptText separator = Text(run, arguments, 0, "sep");
        run.SpendSearch(text.Text.Length, separator.Text.Length);
        return separator.Text.Length > 0
            ? TemplateText.Split(text, TemplateText.Find(text.Text, separator.Text, Count(run, arguments.Get(1, "maxsplit"))), separator.Text.Length)
            : throw run.Wrong("'split' can't look for an empty text");
    }

    private static PromptText Strip(TemplateRun run, PromptText text, TemplateArguments arguments, bool start, bool end)
    {
        arguments.Expect(run, "chars");
        return TemplateText.Trim(run, text, arguments.Get(0, "chars") is null or TemplateUndefined ? null : Text(run, arguments, 0, "chars").Text, start, end);
    }

    private static PromptText Plain(TemplateRun run, TemplateArguments arguments, PromptText value)
    {
        arguments.Expect(run);
        return value;
    }

    private static List<object?> Values(TemplateRun run, TemplateMap map)
    {
        run.Spend(map.Entries.Count);
        return [.. map.Entries.Select(entry => entry.Value)];
    }

    private static PromptText Text(TemplateRun run, TemplateArguments arguments, int place, string name) =>
        arguments.Get(place, name) is PromptText text
            ? text
            : throw run.Wrong($"'{arguments.Callee}' needs a text for '{name}', not {TemplateValues.Kind(arguments.Get(place, name))}");

    private static string Spent(TemplateRun run, TemplateArguments arguments, string name)
    {
        string text = Text(run, arguments, 0, name).Text;
        run.Spend(text.Length / 64);
        return text;
    }

    private static int Count(TemplateRun run, object? value) => value switch
    {
        TemplateUndefined or null => int.MaxValue,
        long count => count < 0 ? int.MaxValue : (int)Math.Min(count, int.MaxValue),
        _ => throw run.Wrong($"a count is a whole number, not {TemplateValues.Kind(value)}"),
    };
}
