namespace SafeVision.VisionLanguage.Templates;

/// <summary>The operators that make a new value of two.</summary>
internal static class TemplateArithmetic
{
    public static object? Apply(TemplateRun run, string sign, object? left, object? right)
    {
        run.Spend(1);
        switch (sign, left, right)
        {
            case ("~", _, _):
                return Concat(run, TemplateValues.ToText(run, left), TemplateValues.ToText(run, right));
            case ("+", string a, string b):
                return Concat(run, a, b);
            case ("+", IReadOnlyList<object?> a, IReadOnlyList<object?> b):
                run.Spend(a.Count + b.Count);
                return new List<object?>([.. a, .. b]);
            case ("*", string text, long times):
                return Repeat(run, text, times);
            case ("*", long times, string text):
                return Repeat(run, text, times);
        }

        return (Numeric(left), Numeric(right)) switch
        {
            (long a, long b) => Whole(run, sign, a, b),
            (long or double, long or double) => Real(run, sign, Convert.ToDouble(Numeric(left), null), Convert.ToDouble(Numeric(right), null)),
            _ => throw run.Wrong($"'{sign}' can't be used with {TemplateValues.Kind(left)} and {TemplateValues.Kind(right)}"),
        };
    }

    public static object? Signed(TemplateRun run, string sign, object? value) => (sign, Numeric(value)) switch
    {
        ("+", long or double) => Numeric(value),
        ("-", long number) when number != long.MinValue => -number,
        ("-", double number) => -number,
        _ => throw run.Wrong($"'{sign}' can't be put before {TemplateValues.Kind(value)}"),
    };

    private static string Concat(TemplateRun run, string left, string right)
    {
        run.SpendCharacters((long)left.Length + right.Length);
        return left + right;
    }

    private static string Repeat(TemplateRun run, string text, long times)
    {
        times = text.Length == 0 ? 0 : Math.Clamp(times, 0, int.MaxValue);
        run.SpendCharacters(text.Length * times);
        run.Spend(times);
        return new StringBuilder().Insert(0, text, (int)times).ToString();
    }

    private static object? Numeric(object? value) => value is bool truth ? truth ? 1L : 0L : value;

    // Division and remainder round down, as in Python.
    private static object Whole(TemplateRun run, string sign, long left, long right)
    {
        try
        {
            return sign switch
            {
                "+" => (object)checked(left + right),
                "-" => checked(left - right),
                "*" => checked(left * right),
                "/" => right != 0 ? (double)left / right : throw run.Wrong("a division by zero"),
                _ when right is 0 => throw run.Wrong("a division by zero"),
                _ when right is -1 => sign == "//" ? checked(-left) : 0L,
                "//" => (left / right) - (left % right != 0 && left < 0 != right < 0 ? 1 : 0),
                _ => ((left % right) + right) % right,
            };
        }
        catch (OverflowException)
        {
            throw run.Wrong($"the numbers {left} and {right} are too large for '{sign}'");
        }
    }

    private static double Real(TemplateRun run, string sign, double left, double right) => sign switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ when right == 0 => throw run.Wrong("a division by zero"),
        "/" => left / right,
        "//" => Math.Floor(left / right),
        _ => left - (right * Math.Floor(left / right)),
    };
}

/// <summary>What <c>is</c> can ask.</summary>
internal static class TemplateTests
{
    private static readonly Dictionary<string, Func<TemplateRun, object?, TemplateArguments, bool>> s_all = new(StringComparer.Ordinal)
    {
        ["defined"] = static (_, value, _) => value is not TemplateUndefined,
        ["undefined"] = static (_, value, _) => value is TemplateUndefined,
        ["none"] = static (_, value, _) => value is null,
        ["string"] = static (_, value, _) => value is string,
        ["mapping"] = static (_, value, _) => value is TemplateMap,
        ["iterable"] = static (_, value, _) => value is string or TemplateMap or IReadOnlyList<object?> or TemplateUndefined,
        ["sequence"] = static (_, value, _) => value is string or TemplateMap or IReadOnlyList<object?> or TemplateUndefined,
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
