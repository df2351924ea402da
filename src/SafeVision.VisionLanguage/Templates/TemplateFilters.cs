namespace SafeVision.VisionLanguage.Templates;

/// <summary>What can stand after <c>|</c>.</summary>
internal static class TemplateFilters
{
    private static readonly Dictionary<string, Func<TemplateRun, object?, TemplateArguments, object?>> s_all = new(StringComparer.Ordinal)
    {
        ["trim"] = static (run, value, arguments) => TemplateText.Trim(run, Text(run, value), Optional(run, arguments, "chars"), start: true, end: true),
        ["upper"] = static (run, value, _) => TemplateText.Upper(run, Text(run, value)),
        ["lower"] = static (run, value, _) => TemplateText.Lower(run, Text(run, value)),
        ["capitalize"] = static (run, value, _) => TemplateText.Capitalize(run, Text(run, value)),
        ["title"] = static (run, value, _) => TemplateText.Title(run, Text(run, value)),
        ["string"] = static (run, value, _) => Text(run, value),
        ["replace"] = static (run, value, arguments) => TemplateMethods.Replace(run, Text(run, value), arguments),
        ["tojson"] = TemplateJson.Write,
        ["length"] = static (run, value, _) => Length(run, value),
        ["count"] = static (run, value, _) => Length(run, value),
        ["default"] = Default,
        ["d"] = Default,
        ["list"] = static (run, value, _) => TemplateValues.Items(run, value),
        ["first"] = static (run, value, _) => TemplateValues.Items(run, value) is [var first, ..] ? first : new TemplateUndefined("the first item of nothing"),
        ["last"] = static (run, value, _) => TemplateValues.Items(run, value) is [.., var last] ? last : new TemplateUndefined("the last item of nothing"),
        ["items"] = static (run, value, _) => value is TemplateMap map ? TemplateMethods.Items(run, map) : TemplateValues.Items(run, Missing(run, value)),
        ["join"] = Join,
        ["safe"] = static (_, value, _) => value,
        ["sort"] = Sort,
        ["indent"] = Indent,
        ["map"] = Map,
        ["select"] = static (run, value, arguments) => Select(run, value, arguments, attribute: false, wanted: true),
        ["reject"] = static (run, value, arguments) => Select(run, value, arguments, attribute: false, wanted: false),
        ["selectattr"] = static (run, value, arguments) => Select(run, value, arguments, attribute: true, wanted: true),
        ["rejectattr"] = static (run, value, arguments) => Select(run, value, arguments, attribute: true, wanted: false),
        ["reverse"] = static (run, value, _) => TemplateMembers.Slice(run, value, null, null, -1L),
        ["int"] = static (run, value, _) => value switch
        {
            long => value,
            bool truth => truth ? 1L : 0L,
            string text when long.TryParse(run.Marks.Plain(text), NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) => number,
            _ => throw run.Wrong($"{TemplateValues.Kind(value)} is no whole number"),
        },
    };

    public static IEnumerable<string> Names => s_all.Keys;

    public static Func<TemplateRun, object?, TemplateArguments, object?>? Find(string name) =>
        s_all.TryGetValue(name, out Func<TemplateRun, object?, TemplateArguments, object?>? filter)
            ? (run, value, arguments) => filter(run, value, arguments) is var result && result is string text ? run.Spend(text) : result
            : null;

    private static string Text(TemplateRun run, object? value) => TemplateValues.ToText(run, value);

    private static string? Optional(TemplateRun run, TemplateArguments arguments, string name)
    {
        arguments.Expect(run, name);
        return arguments.Get(0, name) is var value and not TemplateUndefined and not null ? Text(run, value) : null;
    }

    private static long Length(TemplateRun run, object? value) => value switch
    {
        string text => (long)TemplateMembers.Length(run, text),
        IReadOnlyList<object?> list => (long)list.Count,
        TemplateMap map => (long)map.Count,
        TemplateUndefined => 0L,
        _ => throw run.Wrong($"{TemplateValues.Kind(value)} has no length"),
    };

    private static object? Default(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Expect(run, "default_value", "boolean");
        bool replaced = value is TemplateUndefined || (TemplateValues.IsTrue(arguments.Get(1, "boolean")) && !TemplateValues.IsTrue(value));
        return !replaced ? value : arguments.Get(0, "default_value") is var given and not TemplateUndefined ? given : "";
    }

    private static object? Missing(TemplateRun run, object? value) =>
        value is TemplateUndefined ? value : throw run.Wrong($"{TemplateValues.Kind(value)} is no mapping, so it has no items");

    public static string Join(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Expect(run, "d", "attribute");
        string separator = arguments.Get(0, "d") is string given ? given : "";
        object? attribute = arguments.Get(1, "attribute");
        return string.Join(separator, TemplateValues.Items(run, value).Select(item =>
        {
            string text = Text(run, attribute is TemplateUndefined ? item : TemplateMembers.Item(run, item, attribute));
            run.Spend(1);
            run.SpendCharacters(text.Length + separator.Length);
            return text;
        }));
    }

    private static List<object?> Sort(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Expect(run, "reverse", "case_sensitive", "attribute");
        object? attribute = arguments.Get(2, "attribute");
        bool exact = TemplateValues.IsTrue(arguments.Get(1, "case_sensitive"));
        IReadOnlyList<object?> items = TemplateValues.Items(run, value);
        run.Spend((long)items.Count * (1 + System.Numerics.BitOperations.Log2((uint)items.Count + 1)));
        object?[] keys = [.. items.Select(item => (attribute is TemplateUndefined ? item : TemplateMembers.Item(run, item, attribute)) is var key && key is string text && !exact ? TemplateText.Lower(run, text) : key)];
        var order = Comparer<int>.Create((a, b) => TemplateValues.Order(run, keys[a], keys[b]));
        IEnumerable<int> places = Enumerable.Range(0, items.Count); // sorted stably, as Python does
        return [.. (TemplateValues.IsTrue(arguments.Get(0, "reverse")) ? places.OrderDescending(order) : places.Order(order)).Select(place => items[place])];
    }

    private static string Indent(TemplateRun run, object? value, TemplateArguments arguments)
    {
        arguments.Expect(run, "width", "first", "blank");
        string margin = arguments.Get(0, "width") switch
        {
            TemplateUndefined => "    ",
            >= 0L and <= 100L and var width => new string(' ', (int)(long)width),
            string text => text,
            _ => throw run.Wrong("'indent' takes a width from 0 to 100 or a text"),
        };
        string indented = Text(run, value);
        List<string> lines = [.. TemplateText.Split(indented, TemplateText.Find(run, indented, "\n", int.MaxValue), 1).Cast<string>()];
        bool blank = TemplateValues.IsTrue(arguments.Get(2, "blank"));
        run.SpendCharacters((long)lines.Count * margin.Length);
        return string.Join('\n', lines.Select((line, i) =>
            (i == 0 ? TemplateValues.IsTrue(arguments.Get(1, "first")) : blank || line.Length > 0) ? margin + line : line));
    }

    private static List<object?> Map(TemplateRun run, object? value, TemplateArguments arguments)
    {
        if (arguments.Get(int.MaxValue, "attribute") is var attribute and not TemplateUndefined)
        {
            arguments.Expect(run, "attribute", "default");
            object? otherwise = arguments.Get(int.MaxValue, "default");
            return [.. TemplateValues.Items(run, value).Select(item =>
                TemplateMembers.Item(run, item, attribute) is var found && found is TemplateUndefined && otherwise is not TemplateUndefined ? otherwise : found)];
        }

        string name = arguments.Get(0, "filter") is string filterName ? run.Marks.Plain(filterName) : throw run.Wrong("'map' needs the name of a filter or an attribute");
        if (Find(name) is not { } filter || name == "map")
        {
            throw run.Wrong($"the filter '{name}' is not supported in 'map'");
        }

        var rest = new TemplateArguments(name, [.. arguments.Values.Skip(1)], arguments.Named);
        return [.. TemplateValues.Items(run, value).Select(item => filter(run, item, rest))];
    }

    private static List<object?> Select(TemplateRun run, object? value, TemplateArguments arguments, bool attribute, bool wanted)
    {
        arguments.Expect(run, "attribute", "test", "argument");
        int place = attribute ? 1 : 0;
        Func<object?, bool> test = TemplateValues.IsTrue;
        if (arguments.Get(place, "test") is string name)
        {
            string sought = run.Marks.Plain(name) is var plain and not "==" ? plain : "equalto";
            var known = TemplateTests.Find(sought) ?? throw run.Wrong($"the test '{sought}' is not supported in '{arguments.Callee}'");
            var rest = new TemplateArguments(sought, [.. arguments.Values.Skip(place + 1)], []);
            test = item => known(run, item, rest);
        }

        return [.. TemplateValues.Items(run, value).Where(item =>
        {
            run.Spend(1);
            return test(attribute ? TemplateMembers.Item(run, item, arguments.Get(0, "attribute")) : item) == wanted;
        })];
    }
}

/// <summary>The methods of texts and mappings.</summary>
internal static class TemplateMethods
{
    /// <summary>A method of a text; null where there is none of that name.</summary>
    public static TemplateFunction? OfText(string text, string name)
    {
        Func<TemplateRun, TemplateArguments, object?>? call = name switch
        {
            "strip" => (run, arguments) => Strip(run, text, arguments, start: true, end: true),
            "lstrip" => (run, arguments) => Strip(run, text, arguments, start: true, end: false),
            "rstrip" => (run, arguments) => Strip(run, text, arguments, start: false, end: true),
            "upper" or "lower" or "title" or "capitalize" => (run, arguments) => Filtered(run, name, text, arguments),
            "startswith" => (run, arguments) => run.Marks.Plain(text).StartsWith(Spent(run, arguments, "prefix"), StringComparison.Ordinal),
            "endswith" => (run, arguments) => run.Marks.Plain(text).EndsWith(Spent(run, arguments, "suffix"), StringComparison.Ordinal),
            "split" => (run, arguments) => Split(run, text, arguments),
            "replace" => (run, arguments) => Replace(run, text, arguments),
            "join" => (run, arguments) => TemplateFilters.Join(run, arguments.Get(0, "iterable"), new TemplateArguments("join", [text], [])),
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
            "get" => (run, arguments) => map.TryGetValue(run.Marks.Plain(Text(run, arguments, 0, "key")), out object? value)
                ? value
                : arguments.Get(1, "default") is var otherwise and not TemplateUndefined ? otherwise : null,
            _ => null,
        };
        return call is null ? null : new TemplateFunction(name, call);
    }

    public static List<object?> Items(TemplateRun run, TemplateMap map)
    {
        run.Spend(map.Count);
        return [.. map.Select(entry => new List<object?> { entry.Key, entry.Value })];
    }

    public static string Replace(TemplateRun run, string text, TemplateArguments arguments)
    {
        arguments.Expect(run, "old", "new", "count");
        string sought = Text(run, arguments, 0, "old"), replacement = Text(run, arguments, 1, "new");
        if (sought.Length == 0)
        {
            throw run.Wrong("'replace' can't look for an empty text");
        }

        run.SpendSearch(text.Length, sought.Length);
        List<int> places = TemplateText.Find(run, text, sought, Count(run, arguments.Get(2, "count")));
        run.Spend(places.Count + 1L);
        run.SpendCharacters(text.Length + ((long)places.Count * replacement.Length));
        return TemplateText.Replace(run, text, places, sought.Length, run.Marks.IsMarked(sought) ? run.Marks.Mark(replacement) : replacement);
    }

    private static object? Filtered(TemplateRun run, string filter, string text, TemplateArguments arguments)
    {
        arguments.Expect(run);
        return TemplateFilters.Find(filter)!(run, text, arguments);
    }

    private static List<object?> Split(TemplateRun run, string text, TemplateArguments arguments)
    {
        arguments.Expect(run, "sep", "maxsplit");
        run.Spend(text.Length / 2L);
        if (arguments.Get(0, "sep") is null or TemplateUndefined)
        {
            return arguments.Get(1, "maxsplit") is TemplateUndefined
                ? TemplateText.Words(run, text)
                : throw run.Wrong("'split' into words with 'maxsplit' is not supported");
        }

        string separator = Text(run, arguments, 0, "sep");
        run.SpendSearch(text.Length, separator.Length);
        return separator.Length > 0
            ? TemplateText.Split(text, TemplateText.Find(run, text, separator, Count(run, arguments.Get(1, "maxsplit"))), separator.Length)
            : throw run.Wrong("'split' can't look for an empty text");
    }

    private static string Strip(TemplateRun run, string text, TemplateArguments arguments, bool start, bool end)
    {
        arguments.Expect(run, "chars");
        return TemplateText.Trim(run, text, arguments.Get(0, "chars") is null or TemplateUndefined ? null : Text(run, arguments, 0, "chars"), start, end);
    }

    private static List<object?> Values(TemplateRun run, TemplateMap map)
    {
        run.Spend(map.Count);
        return [.. map.Values];
    }

    private static string Text(TemplateRun run, TemplateArguments arguments, int place, string name) =>
        arguments.Get(place, name) is string text
            ? text
            : throw run.Wrong($"'{arguments.Callee}' needs a text for '{name}', not {TemplateValues.Kind(arguments.Get(place, name))}");

    private static string Spent(TemplateRun run, TemplateArguments arguments, string name)
    {
        string text = run.Marks.Plain(Text(run, arguments, 0, name));
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
