namespace SafeVision.VisionLanguage.Templates;

/// <summary>What values mean, as Python and Jinja have it.</summary>
internal static class TemplateValues
{
    // Lists can be put into lists without end; no file that is read is deeper.
    private const int Deepest = 64;

    public static bool IsTrue(object? value) => value switch
    {
        null or TemplateUndefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        TemplateMap map => map.Count > 0,
        _ => true,
    };

    /// <summary>How errors name the kind of a value.</summary>
    public static string Kind(object? value) => value switch
    {
        null => "none",
        TemplateUndefined undefined => $"undefined ('{undefined.Name}')",
        bool => "a boolean",
        long or double => "a number",
        string => "a text",
        IReadOnlyList<object?> => "a list",
        TemplateMap => "a mapping",
        TemplateFunction function => $"the function '{function.Name}'",
        TemplateLoop => "'loop'",
        _ => "a namespace",
    };

    /// <summary>A value as text; a list or mapping has none, since nobody means to show a model Python's own notation.</summary>
    public static string ToText(TemplateRun run, object? value) => value switch
    {
        string text => text,
        null => "None",
        TemplateUndefined when !run.IsStrict => "",
        TemplateUndefined undefined => throw run.Wrong($"'{undefined.Name}' is not defined"),
        bool truth => truth ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => ToText(number),
        _ => throw run.Wrong($"{Kind(value)} can't be written as text; use 'tojson' or 'join'"),
    };

    public static string ToText(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny(".Ena") ? text : text + ".0";
    }

    /// <summary>What a loop goes over.</summary>
    public static IReadOnlyList<object?> Items(TemplateRun run, object? value)
    {
        IReadOnlyList<object?> items = value switch
        {
            IReadOnlyList<object?> list => list,
            TemplateMap map => [.. map.Keys],
            TemplateUndefined when !run.IsStrict => [],
            string text => Characters(run, text),
            _ => throw run.Wrong($"{Kind(value)} can't be looped over"),
        };
        run.Spend(items.Count);
        return items;
    }

    /// <summary>Sets one name to a value, or several to the items of a list.</summary>
    public static void Bind(TemplateRun run, TemplateScope scope, List<string> names, object? value)
    {
        if (names.Count == 1)
        {
            scope.Set(names[0], value);
            return;
        }

        IReadOnlyList<object?> items = Items(run, value);
        if (items.Count != names.Count)
        {
            throw run.Wrong($"{names.Count} names ({string.Join(", ", names)}) can't take {items.Count} values");
        }

        for (int i = 0; i < items.Count; i++)
        {
            scope.Set(names[i], items[i]);
        }
    }

    /// <summary>The name under which a mapping keeps a value. Untrusted text cannot be one, because names count as trusted.</summary>
    public static string Key(TemplateRun run, object? value) => value is string text && !run.Marks.IsMarked(text)
        ? text
        : throw run.Wrong($"{(value is string ? "a text from outside" : Kind(value))} can't be a key; a key is a text of the template");

    public static bool Compare(TemplateRun run, string sign, object? left, object? right)
    {
        run.Spend(1);
        switch (sign)
        {
            case "==":
                return AreEqual(run, left, right);
            case "!=":
                return !AreEqual(run, left, right);
            case "in":
                return Contains(run, right, left);
            case "not in":
                return !Contains(run, right, left);
        }

        int order = Order(run, left, right);
        return sign switch
        {
            "<" => order < 0,
            ">" => order > 0,
            "<=" => order <= 0,
            _ => order >= 0,
        };
    }

    public static bool AreEqual(TemplateRun run, object? left, object? right, int depth = 0)
    {
        run.Spend(1);
        if (depth > Deepest)
        {
            throw run.Wrong($"values nested more than {Deepest} deep can't be compared");
        }

        switch (left, right)
        {
            case (string a, string b):
                run.Spend(Math.Min(a.Length, b.Length) / 64);
                return run.Marks.Plain(a) == run.Marks.Plain(b);
            case (long or double or bool, long or double or bool):
                return left is long x && right is long y ? x == y : Number(left) == Number(right);
            case (IReadOnlyList<object?> a, IReadOnlyList<object?> b):
                return a.Count == b.Count && a.Zip(b).All(pair => AreEqual(run, pair.First, pair.Second, depth + 1));
            case (TemplateMap a, TemplateMap b):
                return a.Count == b.Count
                    && a.All(entry => b.TryGetValue(entry.Key, out object? other) && AreEqual(run, entry.Value, other, depth + 1));
            case (null, null) or (TemplateUndefined, TemplateUndefined):
                return true;
            default:
                return ReferenceEquals(left, right);
        }
    }

    private static bool Contains(TemplateRun run, object? container, object? item)
    {
        switch (container)
        {
            case string text when item is string part:
                run.SpendSearch(text.Length, part.Length);
                return run.Marks.Plain(text).Contains(run.Marks.Plain(part), StringComparison.Ordinal);
            case IReadOnlyList<object?> list:
                run.Spend(list.Count);
                return list.Any(one => AreEqual(run, one, item));
            case TemplateMap map:
                return item is string name && map.TryGetValue(run.Marks.Plain(name), out _);
            case TemplateUndefined:
                return false;
            default:
                throw run.Wrong($"'in' can't look for {Kind(item)} in {Kind(container)}");
        }
    }

    /// <summary>Which of two numbers or texts comes first.</summary>
    public static int Order(TemplateRun run, object? left, object? right) => (left, right) switch
    {
        (string a, string b) => Order(run, run.Marks.Plain(a), run.Marks.Plain(b)),
        (long a, long b) => a.CompareTo(b),
        (long or double or bool, long or double or bool) => Number(left).CompareTo(Number(right)),
        _ => throw run.Wrong($"{Kind(left)} and {Kind(right)} have no order"),
    };

    private static int Order(TemplateRun run, string left, string right)
    {
        run.Spend(Math.Min(left.Length, right.Length) / 64);
        return string.CompareOrdinal(left, right);
    }

    private static double Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        _ => value is true ? 1 : 0,
    };

    private static List<object?> Characters(TemplateRun run, string text)
    {
        run.Spend(text.Length * 4L);
        string plain = run.Marks.Plain(text);
        var characters = new List<object?>(text.Length);
        for (int at = 0; at < text.Length;)
        {
            Rune.DecodeFromUtf16(plain.AsSpan(at), out _, out int length);
            characters.Add(text.Substring(at, length));
            at += length;
        }

        return characters;
    }
}

/// <summary>Values by name, in the order in which they were added.</summary>
internal sealed class TemplateMap() : OrderedDictionary<string, object?>(StringComparer.Ordinal)
{
    /// <summary>Adds values; one whose name is there already takes the place of the other.</summary>
    /// <returns>The same mapping.</returns>
    public TemplateMap SetAll(IEnumerable<KeyValuePair<string, object?>> values)
    {
        foreach ((string name, object? value) in values)
        {
            this[name] = value;
        }

        return this;
    }
}

/// <summary>What <c>namespace()</c> makes: variables that a loop's body can set for what comes after the loop.</summary>
internal sealed record TemplateNamespace(TemplateMap Values);

/// <summary>A value that nobody gave: empty where it is written or looped over, an error where something is asked of it.</summary>
internal sealed record TemplateUndefined(string Name);
