namespace SafeVision.VisionLanguage.Templates;

/// <summary>What can be asked of a value: attributes, items, slices, methods.</summary>
internal static class TemplateMembers
{
    public static object? Attribute(TemplateRun run, object? target, string name)
    {
        switch (target)
        {
            case string text:
                return TemplateMethods.OfText(text, name) ?? (object)new TemplateUndefined(name);
            case TemplateMap map:
                return TemplateMethods.OfMap(map, name) ?? Value(map, name);
            case TemplateNamespace @namespace:
                return Value(@namespace.Values, name);
            case TemplateLoop loop:
                return loop.Get(name);
            case TemplateUndefined:
                throw run.Wrong($"'{name}' is asked of {TemplateValues.Kind(target)}");
            default:
                return new TemplateUndefined(name);
        }
    }

    public static object? Item(TemplateRun run, object? target, object? key)
    {
        switch (target, key)
        {
            case (IReadOnlyList<object?> list, long index):
                index += index < 0 ? list.Count : 0;
                return index >= 0 && index < list.Count ? list[(int)index] : new TemplateUndefined("an item beyond the list's end");
            case (string text, long):
                return Item(run, TemplateValues.Items(run, text), key) is string character ? character : new TemplateUndefined("a character beyond the text's end");
            case (TemplateMap map, string name):
                return map.TryGetValue(run.Marks.Plain(name), out object? value) ? value : Attribute(run, map, run.Marks.Plain(name));
            case (TemplateUndefined, _):
                throw run.Wrong($"an item is asked of {TemplateValues.Kind(target)}");
            case (_, string name):
                return Attribute(run, target, run.Marks.Plain(name));
            default:
                return new TemplateUndefined("an item");
        }
    }

    public static object? Slice(TemplateRun run, object? target, object? start, object? stop, object? step)
    {
        long by = Bound(run, step) ?? 1;
        if (by == 0)
        {
            throw run.Wrong("a slice's step can't be zero");
        }

        switch (target)
        {
            case IReadOnlyList<object?> list:
                run.Spend(list.Count);
                return Places(list.Count).Select(place => list[place]).ToList();
            case string text:
                return string.Concat((List<object?>)Slice(run, TemplateValues.Items(run, text), start, stop, step)!);
            case TemplateUndefined:
                return new List<object?>();
            default:
                throw run.Wrong($"{TemplateValues.Kind(target)} can't be sliced");
        }

        List<int> Places(int count)
        {
            (long from, long to) = Bounds(count);
            var chosen = new List<int>();
            for (long at = from; by > 0 ? at < to : at > to; at += by)
            {
                chosen.Add((int)at);
            }

            return chosen;
        }

        (long From, long To) Bounds(int count)
        {
            return (Limit(Bound(run, start), by > 0 ? 0 : count - 1), Limit(Bound(run, stop), by > 0 ? count : -1));

            long Limit(long? bound, long otherwise) =>
                bound is not { } place ? otherwise : Math.Clamp(place < 0 ? place + count : place, by > 0 ? 0 : -1, by > 0 ? count : count - 1);
        }
    }

    public static object? Call(TemplateRun run, object? target, Func<TemplateRun, string, TemplateArguments> arguments)
    {
        if (target is not TemplateFunction function)
        {
            throw run.Wrong($"{TemplateValues.Kind(target)} can't be called");
        }

        object? value = function.Call(run, arguments(run, function.Name));
        return value is string text ? run.Spend(text) : value;
    }

    /// <summary>How many characters a text has; those beyond U+FFFF count once.</summary>
    public static int Length(TemplateRun run, string text)
    {
        run.Spend(1 + (text.Length / 64));
        string plain = run.Marks.Plain(text);
        int pairs = 0;
        for (int at = 0; at + 1 < plain.Length; at++)
        {
            pairs += char.IsSurrogatePair(plain[at], plain[at + 1]) ? 1 : 0;
        }

        return text.Length - pairs;
    }

    private static object? Value(TemplateMap map, string name) => map.TryGetValue(name, out object? value) ? value : new TemplateUndefined(name);

    private static long? Bound(TemplateRun run, object? value) => value switch
    {
        null => null,
        long bound => Math.Clamp(bound, -int.MaxValue, int.MaxValue),
        _ => throw run.Wrong($"a slice's bounds are whole numbers, not {TemplateValues.Kind(value)}"),
    };
}

/// <summary>What a filter, test, method or function is called with.</summary>
internal sealed record TemplateArguments(string Callee, IReadOnlyList<object?> Values, IReadOnlyList<KeyValuePair<string, object?>> Named)
{
    /// <summary>An argument by its place or name; undefined where it wasn't given.</summary>
    public object? Get(int place, string name)
    {
        if (place < Values.Count)
        {
            return Values[place];
        }

        return Named.FirstOrDefault(given => given.Key == name, new(name, new TemplateUndefined(name))).Value;
    }

    public void Expect(TemplateRun run, params ReadOnlySpan<string> names)
    {
        if (Values.Count > names.Length)
        {
            throw run.Wrong($"'{Callee}' takes {names.Length} arguments at most, but {Values.Count} were given");
        }

        foreach ((string name, _) in Named)
        {
            if (!names.Contains(name))
            {
                throw run.Wrong($"'{Callee}' with an argument '{name}' is not supported");
            }
        }
    }
}
